/**
 * What stands in the way of relieving a node before it has failed. Some of it only a changed world can mend (no standby, an incident
 * under way); some is a budget, which is there so that a storm of predictions makes a person look instead of emptying the fleet.
 *
 * Whoever acts weighs the budget again inside the conditional write that takes a place in it, as failovers do, so that two nodes that are
 * looked at side by side do not both take the last.
 */
import type { IncidentId, NodeId, RoleName } from "../../kernel/ids.ts";
import type { PreemptionPolicy } from "../../kernel/preemption.ts";

export type PreemptionSurroundings = {
  /** Moves ahead of a failure of *other* nodes: those under way now, and those begun within the last hour. */
  readonly underWayCount: number;
  readonly lastHourCount: number;
  /** Other nodes that are out or drained, and all nodes of the fleet. */
  readonly outCount: number;
  readonly nodeCount: number;
  /** When this node was last relieved, not counting what is under way; when the role was last moved, by whomever. */
  readonly nodeRelievedAtMs: number | null;
  readonly roleMovedAtMs: number | null;
  /** Who would take the role now; null where nobody is fit. */
  readonly standby: NodeId | null;
  /** An open incident of the role, or of the network. */
  readonly openIncident: IncidentId | null;
};

export function obstacle(facts: { readonly role: RoleName | null; readonly around: PreemptionSurroundings }): string | null {
  const { role, around } = facts;
  if (around.openIncident !== null) return `incident ${around.openIncident} is open`;
  if (role !== null && around.standby === null) return `no standby is fit to take ${role}`;
  return null;
}

export function limitReached(facts: {
  readonly role: RoleName | null;
  readonly node: NodeId;
  readonly around: PreemptionSurroundings;
  readonly policy: PreemptionPolicy;
  readonly nowMs: number;
}): string | null {
  const { role, node, around, policy, nowMs } = facts;
  const outAllowed = Math.floor(policy.outShareMax * around.nodeCount);
  if (around.outCount + 1 > outAllowed) {
    return `${around.outCount} of ${around.nodeCount} nodes are out or drained, with ${node} at most ${outAllowed} may be`;
  }
  if (around.underWayCount >= policy.atOnceMax) return `${around.underWayCount} nodes are being relieved, ${policy.atOnceMax} at once allowed`;
  if (around.lastHourCount >= policy.perHourMax) {
    return `the budget is spent: ${around.lastHourCount} nodes were relieved in the last hour, ${policy.perHourMax} allowed`;
  }
  const rested = (name: string, lastMs: number | null, seconds: number): string | null => {
    const restMs = lastMs === null ? 0 : lastMs + seconds * 1_000 - nowMs;
    return restMs > 0 ? `the cooldown of ${name} lasts ${Math.ceil(restMs / 1_000)} s more` : null;
  };
  return (
    rested(node, around.nodeRelievedAtMs, policy.nodeCooldownSeconds) ??
    (role === null ? null : rested(role, around.roleMovedAtMs, policy.roleCooldownSeconds))
  );
}
