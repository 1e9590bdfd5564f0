/**
 * Whether a node that was enrolled may leave the registry. One that is gone leaves at once, whatever that does to the fleet: an entry for
 * a node that is not there only hides how few are left. One that runs leaves only when it holds nothing, nobody is at work on it, and
 * those that stay are enough. Asked twice, it is gone twice.
 */
import type { EnrolledNode } from "../../kernel/enrolment.ts";
import type { IncidentId, RoleName } from "../../kernel/ids.ts";

export type RemovalFacts = {
  readonly nowMs: number;
  /** Null where it was never enrolled: a node of the fleet file is its operator's to remove, there. */
  readonly node: EnrolledNode | null;
  /** By the actuator's own word; `unknown` is not "gone". */
  readonly instance: "running" | "gone" | "unknown";
  /** By leases, the revoked and not yet taken included. */
  readonly holds: readonly RoleName[];
  readonly openIncident: IncidentId | null;
  /** Work items that it still serves. */
  readonly workCount: number;
  /** For each role that it is a member of: healthy members without it, and how many must stay. */
  readonly roles: readonly { readonly role: RoleName; readonly leftCount: number; readonly neededCount: number }[];
  /** Healthy nodes without it, and how many a quorum needs. */
  readonly leftCount: number;
  readonly quorumCount: number;
};

export type RemovalFault = "not-enrolled" | "instance-unknown" | "incident-open" | "below-quorum" | "role-below-minimum";
export type Removal =
  /** `node` is to be written where `isNew`: its key is not trusted any more and its token is void. */
  | { readonly kind: "removed"; readonly node: EnrolledNode; readonly isNew: boolean; readonly reason: string }
  /** First its roles move, by a planned switchover, or its work. */
  | { readonly kind: "not-yet"; readonly holds: readonly RoleName[]; readonly reason: string }
  | { readonly kind: "refused"; readonly because: RemovalFault; readonly reason: string };

export function decideRemoval(facts: RemovalFacts): Removal {
  const { node, nowMs, instance, holds } = facts;
  const refused = (because: RemovalFault, reason: string): Removal => ({ kind: "refused", because, reason });
  if (node === null) return refused("not-enrolled", "it was never enrolled; what the fleet file names is removed there");
  if (node.removedAtMs !== null) return { kind: "removed", node, isNew: false, reason: `${node.nodeId} was removed before` };
  const gone = { ...node, removedAtMs: nowMs };
  if (instance === "gone") {
    const held = holds.length > 0 ? `; ${holds.join(", ")} must be failed over, since it held them` : "";
    return { kind: "removed", node: gone, isNew: true, reason: `its instance ${node.instanceId} is gone${held}` };
  }
  if (instance === "unknown") return refused("instance-unknown", `nobody can say whether instance ${node.instanceId} still runs`);
  if (facts.openIncident !== null) return refused("incident-open", `incident ${facts.openIncident} is open`);
  if (facts.leftCount < facts.quorumCount) {
    return refused("below-quorum", `${facts.leftCount} healthy nodes would be left, a quorum needs ${facts.quorumCount}`);
  }
  const short = facts.roles.find(({ leftCount, neededCount }) => leftCount < neededCount);
  if (short) return refused("role-below-minimum", `${short.role} would have ${short.leftCount} healthy members, ${short.neededCount} are needed`);
  if (holds.length > 0) return { kind: "not-yet", holds, reason: `it holds ${holds.join(", ")}: hand over first` };
  if (facts.workCount > 0) return { kind: "not-yet", holds, reason: `it serves ${facts.workCount} items of work: drain it first` };
  return { kind: "removed", node: gone, isNew: true, reason: `it holds nothing, and ${facts.leftCount} healthy nodes are left` };
}
