/**
 * When an item of work may change hands. Both sides ask the same question of the same whole numbers, so they never differ: would the
 * item find a lower load share at the taker, itself included, than it leaves at the giver, by a margin; and would the fleet's
 * imbalance fall. Every trade lowers Σ C·(u − ū)² by at least twice the item's units times the margin (C a node's capacity, u its
 * load share), and no trade raises the highest share, so under constant load trading ends and nothing moves to and fro.
 *
 * Moving to where one is better off, and the potential that falls with it: Even-Dar, Kesselman, Mansour, "Convergence time to Nash
 * equilibria", ICALP 2003. The same sum of squares for diffusion: Ghosh, Muthukrishnan, "Dynamic load balancing by random matchings",
 * J. Comput. Syst. Sci. 53 (1996).
 */
import type { WorkItem, WorkLoad } from "../../kernel/work-trade.ts";

export type TradeRules = {
  /** In load shares: less is not worth the interruption, and is within what a measurement of load errs. */
  readonly marginShare: number;
  /** A peer's report that is older counts as none. */
  readonly reportMsMax: number;
  /** How long an offer, and the promise to take it, stand. */
  readonly offerMs: number;
  /** How long a message may travel. */
  readonly messageMs: number;
  /** How far two agents' clocks may differ. No safety depends on it: beyond it messages are refused and trading stops. */
  readonly skewMsMax: number;
};

/** A tick each ten seconds: an offer is over before the next, and a report may miss two. */
export const TRADE_RULES: TradeRules = { marginShare: 0.05, reportMsMax: 30_000, offerMs: 8_000, messageMs: 8_000, skewMsMax: 2_000 };

export const shareOf = ({ loadUnits, capacityUnits }: WorkLoad): number => loadUnits / capacityUnits;

/** How far the giver's share must be above the taker's for an item of `units` to go. */
function gapNeeded(giver: WorkLoad, taker: WorkLoad, units: number, marginShare: number): number {
  const better = 1 / taker.capacityUnits;
  const evener = (1 / giver.capacityUnits + 1 / taker.capacityUnits) / 2;
  return units * Math.max(better, evener) + marginShare;
}

export function mayGive(giver: WorkLoad, taker: WorkLoad, units: number, marginShare: number): boolean {
  return shareOf(giver) - shareOf(taker) >= gapNeeded(giver, taker, units, marginShare);
}

/** Whether all the items may go one after the other, in the order given. */
export function mayGiveAll(giver: WorkLoad, taker: WorkLoad, items: readonly WorkItem[], marginShare: number): boolean {
  let [from, to] = [giver, taker];
  return items.every(({ units }) => {
    if (!mayGive(from, to, units, marginShare)) return false;
    [from, to] = afterwards(from, to, units);
    return true;
  });
}

/**
 * What to offer: the largest first, so that few items are interrupted. One pass is enough: the gap only shrinks, so an item that
 * was too large stays too large, and in the end none is left that may go (short of `countMax`).
 */
export function chooseItems(
  giver: WorkLoad,
  taker: WorkLoad,
  work: readonly WorkItem[],
  { marginShare, countMax }: { marginShare: number; countMax: number },
): WorkItem[] {
  let [from, to] = [giver, taker];
  const chosen: WorkItem[] = [];
  for (const item of work.toSorted((a, b) => b.units - a.units || (a.id < b.id ? -1 : 1))) {
    if (chosen.length >= countMax) break;
    if (!mayGive(from, to, item.units, marginShare)) continue;
    chosen.push(item);
    [from, to] = afterwards(from, to, item.units);
  }
  return chosen;
}

function afterwards(giver: WorkLoad, taker: WorkLoad, units: number): [WorkLoad, WorkLoad] {
  return [
    { ...giver, loadUnits: giver.loadUnits - units },
    { ...taker, loadUnits: taker.loadUnits + units },
  ];
}
