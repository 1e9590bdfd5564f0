/**
 * Puts what was seen before the pure decisions (election, then admission) and makes the incident of their answers. The
 * budget is weighed inside the conditional write that takes a place in it, so that two roles cannot both take the last.
 */
import { type Admission, admit, countsAgainstBudget, type Ledger, withEntry } from "../../../core/failover/stateful-failover/admission.ts";
import type { Fault } from "../../../core/failover/stateful-failover/admission-repeat.ts";
import { electSuccessor, type PassedOver } from "../../../core/failover/stateful-failover/election.ts";
import { updateRecord } from "../../../core/kernel/compare-and-set.ts";
import type { FleetRole } from "../../../core/kernel/fleet.ts";
import type { IncidentId, NodeId } from "../../../core/kernel/ids.ts";
import type { Incident } from "../../../core/kernel/incident.ts";
import type { Mode } from "../../../core/kernel/mode.ts";
import type { World } from "../../../core/kernel/ports.ts";
import type { Look } from "./look.ts";
import { STEP_MS } from "./ownership.ts";
import type { OpenInput, Request } from "./request.ts";
import { nodeOf, type Step } from "./step.ts";

export type Opening = {
  readonly incident: Incident;
  /** Null where the workflow goes on. */
  readonly ending: "recorded" | "escalated" | "withdrawn" | null;
  readonly reason: string;
  readonly step: Step | null;
  readonly passedOver: readonly PassedOver[];
  readonly looked: readonly { node: NodeId; head: number | null; agentFault: string | null }[];
};

type Kind = { readonly kind: "failover" | "switchover" | "establish"; readonly why: string };

/** A switchover whose holder cannot hand over becomes a failover; a role without a lease to trust can only be established. */
export function kindOf(wish: Request["wish"], look: Look): Kind {
  if (look.distrust !== null) return { kind: "establish", why: look.distrust };
  const holder = look.lease?.holder;
  if (wish === "establish") return { kind: "establish", why: "its lease is not to be trusted" };
  if (wish === "lapsed") return { kind: "failover", why: `${holder} has not been granted it for a whole lease` };
  if (wish === "failover") return { kind: "failover", why: `${holder} is replaced` };
  if (wish === "abandoned" || look.lease?.state === "revoking")
    return { kind: "failover", why: `an earlier move away from ${holder} was not finished` };
  if (look.holderFault !== null) return { kind: "failover", why: `${holder} cannot hand over, ${look.holderFault}` };
  return { kind: "switchover", why: `${holder} is well and hands over after one more slot` };
}

export function faultFrom(request: Request, look: Look): Fault {
  const { kind } = kindOf(request.wish, look);
  const { asker, sinceMs, saidAtMs } = request;
  if (request.wish !== "abandoned") return { asker, kind, node: request.node ?? request.from, sinceMs, saidAtMs };
  return { asker, kind, node: null, sinceMs: look.lease?.revocation?.markedAtMs ?? sinceMs, saidAtMs };
}

export async function decideOpening(
  world: World,
  facts: { role: FleetRole; id: IncidentId; request: Request; look: Look; input: OpenInput; nowMs: number },
): Promise<Opening> {
  const { role, id, request, look, input, nowMs } = facts;
  const { kind, why } = kindOf(request.wish, look);
  const from = look.lease?.holder ?? null;
  const election = elect(world, { role, look, kind, requested: request.to, burned: [], leaving: from });
  const to = election.kind === "elected" ? election.node : null;
  const unasked = kind === "establish" ? look.candidates.filter(({ agentFault }) => agentFault !== null).map(({ node }) => node.id) : [];
  const allowed = await modeOf(world, role);
  const mode = request.askFirst && allowed === "auto" ? "approve" : allowed;
  const admission: Admission =
    to === null
      ? { kind: "escalate", reason: election.reason, budgetSpent: false }
      : await takeBudget(world, { role, id, kind, request, mode, look, unasked, nowMs });
  if (admission.budgetSpent) world.metrics.count("BudgetSpent", 1);
  const ending = endingOf(admission, { moved: look.lease?.state !== "held", planned: kind === "switchover", elected: to !== null });
  const incident: Incident = {
    id,
    fleet: world.fleet.fleet,
    role: role.name,
    kind,
    status: admission.kind === "approve" ? "awaiting-approval" : "open",
    mode,
    reason: `${request.reason}; ${role.name}: ${why}`,
    requestedBy: request.requestedBy,
    openedAtMs: nowMs,
    endedAtMs: null,
    from,
    to,
    burned: [],
    outcome: null,
    evidence: request.evidence,
    owner: input.execution,
    ownerDeadlineMs: nowMs + STEP_MS,
    approval: null,
  };
  const step = to === null ? null : stepOf(world, incident, { to, requested: request.to, unasked });
  const looked = look.candidates.map(({ node, head, agentFault }) => ({ node: node.id, head, agentFault }));
  return { incident, ending, reason: `${election.reason}; ${admission.reason}`, step, passedOver: election.passedOver, looked };
}

/** A wish that cannot be met leaves everything as it was; a role that has lost its holder needs a person. */
function endingOf(admission: Admission, facts: { moved: boolean; planned: boolean; elected: boolean }): Opening["ending"] {
  if (admission.kind === "record") return "recorded";
  if (admission.kind !== "escalate") return null;
  return facts.planned && !facts.moved && !facts.elected ? "withdrawn" : "escalated";
}

export function elect(
  world: World,
  facts: { role: FleetRole; look: Look; kind: Incident["kind"]; requested: NodeId | null; burned: readonly NodeId[]; leaving: NodeId | null },
) {
  const { role, look, kind, leaving } = facts;
  /** Once its lease is revoked or passed on, the old holder may be asked again, if it is well: going back is a takeover like any other. */
  const gone = look.lease?.state !== "held" || look.lease.holder !== leaving;
  return electSuccessor({
    candidates: look.candidates,
    holder: leaving === null ? null : { node: nodeOf(world, leaving), mayReturn: kind === "establish" || gone },
    requested: facts.requested,
    preferred: role.preferred ?? null,
    burned: facts.burned,
    finalizedHeight: look.finalizedHeight,
    lagBlocksMax: world.fleet.policies.watch.lagBlocksMax,
  });
}

export function stepOf(world: World, incident: Incident, more: { to: NodeId; requested: NodeId | null; unasked: readonly NodeId[] }): Step {
  return {
    fleet: incident.fleet,
    role: incident.role,
    incident: incident.id,
    execution: incident.owner,
    kind: incident.kind,
    planned: incident.kind === "switchover",
    from: incident.from,
    to: more.to,
    requested: more.requested,
    burned: [...incident.burned],
    unasked: [...more.unasked],
    approvalSeconds: world.fleet.policies.failover.approvalSeconds,
    approvedBy: incident.approval?.decidedBy ?? null,
  };
}

async function modeOf(world: World, role: FleetRole): Promise<Mode> {
  const set = await world.registry.read("roleMode", role.name);
  return set.kind === "found" ? set.value.mode : role.mode;
}

async function takeBudget(
  world: World,
  facts: {
    role: FleetRole;
    id: IncidentId;
    kind: Incident["kind"];
    request: Request;
    mode: Mode;
    look: Look;
    unasked: readonly NodeId[];
    nowMs: number;
  },
): Promise<Admission> {
  const { role, id, kind, request, nowMs } = facts;
  // What was admitted once and left half-way has taken the role's holder already: finishing it is no new move.
  const finishing = facts.look.distrust === null && facts.look.lease?.state === "revoking";
  const asked = { role: role.name, incident: id, kind, asker: request.asker, finishing, nowMs };
  const counts = countsAgainstBudget(asked);
  const decision = await updateRecord(world.registry, "failovers", "all", (current) => {
    const ledger: Ledger = current ?? { recent: [] };
    const admission = admit({
      ...asked,
      mode: facts.mode,
      ledger,
      policy: world.fleet.policies.failover,
      outCount: facts.look.outCount,
      nodeCount: world.fleet.nodes.length,
      unasked: facts.unasked,
    });
    const taken = counts && (admission.kind === "proceed" || admission.kind === "approve");
    return taken
      ? { kind: "write", next: withEntry(ledger, { role: role.name, incident: id, atMs: nowMs }), admission }
      : { kind: "keep", admission };
  });
  return decision.admission;
}
