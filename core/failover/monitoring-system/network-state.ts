/**
 * The state of the network as one observer sees it. Halted means that nobody moves though nodes answer: then standing still is
 * nobody's fault. Partitioned means that the agents' views split the answering nodes into groups that do not see each other.
 */
import type { NetworkState } from "../../kernel/node.ts";
import type { Comparison } from "./comparison.ts";

/** `from` says whether `to` is reachable from it; fresh views only. */
export type Sightline = { readonly from: string; readonly to: string; readonly reachable: boolean };

export function judgeNetwork(facts: {
  readonly comparison: Comparison;
  readonly fleetSize: number;
  readonly sightlines: readonly Sightline[];
  readonly nowMs: number;
}): { readonly state: NetworkState; readonly reason: string } {
  const { heads, stallLimitMs } = facts.comparison;
  if (heads.length * 2 <= facts.fleetSize) {
    return { state: "unknown", reason: `${heads.length} of ${facts.fleetSize} nodes answer: too few to speak for the network` };
  }
  const groups = splitBySight(
    heads.map(({ node }) => node),
    facts.sightlines,
  );
  if (groups.length > 1)
    return { state: "partitioned", reason: `the nodes see each other only within ${groups.map((group) => group.join("+")).join(" | ")}` };
  const moving = heads.filter(({ movedAtMs }) => facts.nowMs - movedAtMs < stallLimitMs);
  if (moving.length === 0) return { state: "halted", reason: `no head has moved for ${Math.round(stallLimitMs)} ms` };
  return { state: "live", reason: `${moving.length} of ${heads.length} heads move` };
}

/**
 * The groups that remain when two nodes are joined by a sight in either direction. Nodes that nobody spoke of, and that spoke
 * of nobody, are left out: not to be asked is not to be cut off. So is a group from which nobody speaks: a host that died is
 * seen by none and says nothing, and is not the other side of a partition.
 */
function splitBySight(nodes: readonly string[], sightlines: readonly Sightline[]): string[][] {
  const known = new Set(nodes);
  const lines = sightlines.filter(({ from, to }) => from !== to && known.has(from) && known.has(to));
  const spoken = nodes.filter((node) => lines.some(({ from, to }) => from === node || to === node));
  const groups: string[][] = [];
  const placed = new Set<string>();
  for (const start of spoken) {
    if (placed.has(start)) continue;
    const group = [start];
    placed.add(start);
    // The group grows while it is walked; each node is placed once, so this ends.
    for (const member of group) {
      for (const { from, to, reachable } of lines) {
        const other = from === member ? to : to === member ? from : undefined;
        if (!reachable || other === undefined || placed.has(other)) continue;
        placed.add(other);
        group.push(other);
      }
    }
    if (lines.some(({ from }) => group.includes(from))) groups.push(group);
  }
  return groups;
}
