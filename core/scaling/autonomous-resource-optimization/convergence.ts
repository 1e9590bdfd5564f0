/**
 * How long trading can last. A round is one tick of every node with true reports of all, and time for four messages.
 *
 * Let V = Σ C·(u − ū)² be the imbalance, D the highest share minus the lowest, c the smallest capacity, S the sum of capacities, and
 * d = largest item ÷ c + margin. No trade raises V (see trade-rule.ts), and there is a trade in every round until none is possible,
 * since all nodes find the same matching. While D ≥ 2d, the hottest node trades with the coldest until their gap is below d: of the
 * pair's part in V, at least c/2·D², three quarters go, and V ≤ S·D²/4, so V falls by the factor 1 − 3c/(2S) or better; and V ≥ 2c·d²
 * as long as that lasts. From D < 2d on V is at most S·d², and every further round takes at least twice the smallest item times the
 * margin from it. Nodes that are at their limit of items are outside of this argument.
 *
 * The bound is for the worst fleet that there could be. Fleets of up to a hundred nodes, a fifth of them hot, come to rest within a dozen
 * rounds, since every pair of the matching trades at once; test/core/scaling/autonomous-resource-optimization/ shows it for some of them.
 *
 * The contraction is that of Ghosh and Muthukrishnan (trade-rule.ts) and of Rabani, Sinclair, Wanka, "Local divergence of Markov chains
 * and the analysis of iterative load-balancing schemes", FOCS 1998, for the matching that each node finds from the reports.
 */
import type { WorkLoad } from "../../kernel/work-trade.ts";

export type TradedFleet = {
  readonly nodes: readonly WorkLoad[];
  readonly smallestUnits: number;
  readonly largestUnits: number;
  readonly marginShare: number;
};

/** Σ C·(u − ū)², in units: 0 is perfectly even. */
export function imbalanceOf(nodes: readonly WorkLoad[]): number {
  const capacityUnits = nodes.reduce((sum, node) => sum + node.capacityUnits, 0);
  const mean = nodes.reduce((sum, node) => sum + node.loadUnits, 0) / capacityUnits;
  return nodes.reduce((sum, node) => sum + node.capacityUnits * (node.loadUnits / node.capacityUnits - mean) ** 2, 0);
}

/** Items that can change hands at most, ever, under constant load: each takes twice its units times the margin from the imbalance. */
export function tradesMax({ nodes, smallestUnits, marginShare }: TradedFleet): number {
  return Math.floor(imbalanceOf(nodes) / (2 * smallestUnits * marginShare));
}

/** Rounds until no trade is possible, at most. */
export function roundsMax(fleet: TradedFleet): number {
  const { nodes, smallestUnits, largestUnits, marginShare } = fleet;
  const sum = nodes.reduce((total, { capacityUnits }) => total + capacityUnits, 0);
  const smallest = Math.min(...nodes.map(({ capacityUnits }) => capacityUnits));
  const gap = largestUnits / smallest + marginShare;
  const far = 1 + Math.ceil(Math.max(0, ((2 * sum) / (3 * smallest)) * Math.log(imbalanceOf(nodes) / (2 * smallest * gap * gap))));
  const near = Math.ceil((sum * gap * gap) / (2 * smallestUnits * marginShare));
  return Math.min(tradesMax(fleet), far + near);
}
