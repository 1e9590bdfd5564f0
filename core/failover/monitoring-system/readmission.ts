/**
 * Whether a node that was put out may be counted on again: it answers well, on the right branch, near the head, for a
 * while; no observer says otherwise; its faults are not too close together; and its agent no longer acts for a role that has
 * moved on. Says what is missing, since a person will ask why a node that "looks fine" is still out.
 */
import type { AgentRole } from "../../kernel/agent-protocol.ts";
import type { Lease } from "../../kernel/lease.ts";
import { CONDEMNING, type Verdict } from "../../kernel/node.ts";
import type { Standing } from "../../kernel/records.ts";
import { REUSE_BELOW } from "./flap-damping.ts";
import type { Rules } from "./rules.ts";

/** Good for this many cadences without a break: a node that restarts in a loop is up for a few seconds at a time. */
const GOOD_CADENCES = 10;

export type Readmission = { readonly kind: "readmit" | "wait" | "nothing"; readonly reason: string };

export function readmit(facts: {
  readonly standing: Standing;
  readonly own: Verdict;
  /** The other observers' fresh words. */
  readonly others: readonly Verdict[];
  /** The node's agent's words on its roles, null where the agent was not heard. */
  readonly agentRoles: readonly AgentRole[] | null;
  readonly leases: readonly Lease[];
  readonly rules: Rules;
  readonly nowWallMs: number;
}): Readmission {
  const { standing, own, rules } = facts;
  const wait = (reason: string): Readmission => ({ kind: "wait", reason });
  if (standing.standing === "member") return { kind: "nothing", reason: "it is a member" };
  if (own.kind !== "healthy" || !own.confirmed) return wait(`it is ${own.kind}${own.confirmed ? "" : " (not confirmed)"}: ${own.reason}`);
  if (own.flapPenalty >= REUSE_BELOW) return wait(`its flap penalty is ${Math.round(own.flapPenalty)}; below ${REUSE_BELOW} it may come back`);
  if (own.lagBlocks === null || own.lagBlocks > rules.lagBlocksMax) return wait(`it is ${own.lagBlocks ?? "an unknown number of"} blocks behind`);
  const goodMs = facts.nowWallMs - own.sinceMs;
  const neededMs = GOOD_CADENCES * rules.cadenceMs;
  if (goodMs < neededMs) return wait(`it is healthy for ${Math.max(0, goodMs)} ms of ${neededMs} ms`);
  const against = facts.others.find(({ kind, confirmed }) => confirmed && CONDEMNING.has(kind));
  if (against) return wait(`${against.observer} says ${against.kind}: ${against.reason}`);
  if (facts.agentRoles === null) return wait("its agent was not heard");
  const outdated = outdatedRole(own.node, facts.agentRoles, facts.leases);
  if (outdated) return wait(`its agent still acts for ${outdated.role} in epoch ${outdated.epoch}`);
  return { kind: "readmit", reason: `healthy for ${Math.round(goodMs / 1_000)} s, ${own.lagBlocks} blocks behind` };
}

/**
 * A role that this node's agent held in an epoch before the lease's, and that it was never told to give up: a holder that came
 * back. `fencedThrough` is the durable mark that it was told.
 */
export function outdatedRole(node: string, roles: readonly AgentRole[], leases: readonly Lease[]): { role: AgentRole["role"]; epoch: number } | null {
  for (const words of roles) {
    const lease = leases.find(({ role }) => role === words.role);
    if (lease && lease.holder !== node && words.epoch >= 1 && words.epoch < lease.epoch && words.fencedThrough < words.epoch) {
      return { role: words.role, epoch: words.epoch };
    }
  }
  return null;
}
