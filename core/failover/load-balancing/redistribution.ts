/**
 * Moves the work of a lost node to healthy nodes, by the room that each has left. The total is conserved exactly, to the
 * unit: shares are whole numbers by the method of largest remainders (Hamilton's), so nothing is rounded away and no node
 * is filled beyond its capacity while another has room. Work moves once per incident, however often it is asked to.
 */
import type { IncidentId, NodeId } from "../../kernel/ids.ts";
import { jainIndex } from "./fairness.ts";

export type Work = { readonly node: NodeId; readonly units: number };
export type Capacity = { readonly node: NodeId; readonly capacity: number };

/**
 * What a node is taken to carry before anything was measured: half its capacity, since the fleet file lets half of the
 * fleet be out by default, and the other half must be able to carry it all.
 */
const UNMEASURED_SHARE = 0.5;

export type Redistribution = {
  readonly work: readonly Work[];
  readonly movedUnits: number;
  /** How many of them went to nodes that had no room left. */
  readonly overCapacityUnits: number;
  readonly fairness: number;
  readonly reason: string;
};

export function unmeasuredWork(capacities: readonly Capacity[]): Work[] {
  return capacities.map(({ node, capacity }) => ({ node, units: Math.floor(capacity * UNMEASURED_SHARE) }));
}

/** `receivers` are the nodes that may take work on; the lost node is never one of them. */
export function redistribute(work: readonly Work[], receivers: readonly Capacity[], lost: NodeId): Redistribution {
  const able = receivers.filter(({ node }) => node !== lost);
  const unitsOf = (node: NodeId): number => work.reduce((sum, one) => (one.node === node ? sum + one.units : sum), 0);
  const units = unitsOf(lost);
  const spare = able.map(({ node, capacity }) => ({ node, weight: Math.max(0, capacity - unitsOf(node)) }));
  const room = spare.reduce((sum, one) => sum + one.weight, 0);
  const fitting = able.length === 0 ? 0 : Math.min(units, room);
  const beyond = able.length === 0 ? 0 : units - fitting;
  const gains = [
    ...shares(fitting, spare),
    ...shares(
      beyond,
      able.map(({ node, capacity }) => ({ node, weight: capacity })),
    ),
  ];
  const gainOf = (node: NodeId): number => gains.reduce((sum, one) => (one.node === node ? sum + one.units : sum), 0);
  const nodes = [...new Set([...work.map(({ node }) => node), ...able.map(({ node }) => node)])];
  const moved = fitting + beyond;
  const next = nodes.map((node) => ({ node, units: unitsOf(node) + gainOf(node) - (node === lost ? moved : 0) }));
  const fairness = jainIndex(able.map(({ node, capacity }) => (next.find((one) => one.node === node)?.units ?? 0) / capacity));
  return {
    work: next,
    movedUnits: moved,
    overCapacityUnits: beyond,
    fairness,
    reason: reasonFor({ lost, units, moved, beyond, receivers: able.length }),
  };
}

/** Work that this incident has moved already stays where it is. */
export function redistributeOnce(
  route: { readonly incident: IncidentId | null; readonly work: readonly Work[] },
  asked: { incident: IncidentId; receivers: readonly Capacity[]; lost: NodeId },
): { kind: "moved"; redistribution: Redistribution } | { kind: "kept"; reason: string } {
  if (route.incident === asked.incident) return { kind: "kept", reason: `incident ${asked.incident} has moved its work before` };
  return { kind: "moved", redistribution: redistribute(route.work, asked.receivers, asked.lost) };
}

/** Splits `units` by weight into whole numbers that sum to `units`; equal remainders go by name, so every reader gets the same. */
function shares(units: number, weights: readonly { node: NodeId; weight: number }[]): Work[] {
  const total = weights.reduce((sum, one) => sum + one.weight, 0);
  if (units === 0 || total === 0) return [];
  const quotas = weights.map(({ node, weight }) => {
    const whole = Math.floor((units * weight) / total);
    return { node, whole, remainder: units * weight - whole * total };
  });
  const left = units - quotas.reduce((sum, one) => sum + one.whole, 0);
  const byRemainder = quotas.toSorted((a, b) => b.remainder - a.remainder || (a.node < b.node ? -1 : 1));
  return byRemainder.map(({ node, whole }, rank) => ({ node, units: whole + (rank < left ? 1 : 0) }));
}

function reasonFor(facts: { lost: NodeId; units: number; moved: number; beyond: number; receivers: number }): string {
  if (facts.units === 0) return `${facts.lost} carried no other work`;
  if (facts.receivers === 0) return `no healthy node is left to take the ${facts.units} units of ${facts.lost}; they stay assigned to it`;
  const full = facts.beyond > 0 ? `, ${facts.beyond} of them beyond capacity: the fleet is too small for its work` : "";
  return `${facts.moved} units of ${facts.lost} went to ${facts.receivers} nodes by the room each had left${full}`;
}
