/**
 * Goes on with an incident that is open: the same execution asking again (a retry, or after a successor failed), or another
 * one after the owner's deadline. A successor that has taken the lease stays the successor; else the election is held
 * again among those who were not tried yet.
 */
import { updateRecord } from "../../../core/kernel/compare-and-set.ts";
import type { FleetRole } from "../../../core/kernel/fleet.ts";
import type { NodeId } from "../../../core/kernel/ids.ts";
import type { Incident } from "../../../core/kernel/incident.ts";
import type { World } from "../../../core/kernel/ports.ts";
import { elect, stepOf } from "./admitting.ts";
import { endIncident } from "./ending.ts";
import { takenBy } from "./fencing.ts";
import { writeJournal } from "./journal.ts";
import { type Look, lookAtRole } from "./look.ts";
import type { Opened } from "./opening.ts";
import { approved, STEP_MS } from "./ownership.ts";
import type { OpenInput } from "./request.ts";

export async function continueIncident(world: World, role: FleetRole, input: OpenInput, seen: Incident): Promise<Opened> {
  const owned = await takeOwnership(world, input, seen);
  if (owned.kind === "keep") return { decision: "end", incident: seen.id, role: role.name, reason: owned.reason };
  const incident = owned.next;
  if (owned.resumed)
    await writeJournal(world, incident.id, {
      step: "OpenIncident",
      kind: "resumed",
      text: `${seen.owner} has let its deadline pass; this execution goes on.`,
    });
  const condemned = incident.kind === "failover" && incident.evidence ? incident.from : null;
  const look = await lookAtRole(world, role, condemned);
  const end = (status: "expired" | "escalated" | "withdrawn", reason: string): Promise<Opened> => finish(world, input, incident, status, reason);
  const { approval } = incident;
  if (incident.status === "awaiting-approval" && approval && world.clock.wallMs() > approval.expiresAtMs)
    return end("expired", "nobody decided in time");

  const chosen = choose(world, { role, input, incident, look, resumed: owned.resumed });
  const untouched = look.lease?.state === "held" && look.lease.holder === incident.from;
  if (chosen.to === null) return end(incident.kind === "switchover" && untouched ? "withdrawn" : "escalated", chosen.reason);
  const next = await setSuccessor(world, input, { incident, to: chosen.to });
  const unasked = incident.kind === "establish" ? look.candidates.filter(({ agentFault }) => agentFault !== null).map(({ node }) => node.id) : [];
  /** Whoever approved earlier did not see whose silence they would answer for now. */
  const unseen = owned.resumed && unasked.length > 0;
  const step = {
    ...stepOf(world, next, { to: chosen.to, requested: input.requested ?? null, unasked }),
    planned: incident.kind === "switchover" && untouched && look.holderFault === null,
  };
  if (chosen.to !== incident.to) {
    await writeJournal(world, incident.id, {
      step: "OpenIncident",
      kind: "elected-again",
      text: `${chosen.reason}.`,
      facts: { to: chosen.to, burned: next.burned },
    });
  }
  const decision = next.status === "awaiting-approval" || unseen ? "approve" : "proceed";
  return { ...step, decision, reason: chosen.reason };
}

async function takeOwnership(world: World, input: OpenInput, seen: Incident) {
  const nowMs = world.clock.wallMs();
  return updateRecord(world.registry, "incident", seen.id, (current) => {
    const incident = current ?? seen;
    const mine = incident.owner === input.execution;
    if (incident.endedAtMs !== null) return { kind: "keep", reason: `incident ${incident.id} has just ended` };
    if (!mine && nowMs <= incident.ownerDeadlineMs) {
      const until = new Date(incident.ownerDeadlineMs).toISOString();
      return { kind: "keep", reason: `incident ${incident.id} is open already; ${incident.owner} is at work on it until ${until}` };
    }
    const burned = [...new Set([...incident.burned, ...input.burned, ...(input.able === false && input.to ? [input.to] : [])])];
    const next = {
      ...approved(incident, input.approvedBy ?? null),
      burned,
      owner: input.execution,
      ownerDeadlineMs: Math.max(incident.ownerDeadlineMs, nowMs + STEP_MS),
    };
    return { kind: "write", next, resumed: !mine };
  });
}

function choose(
  world: World,
  facts: { role: FleetRole; input: OpenInput; incident: Incident; look: Look; resumed: boolean },
): { to: NodeId | null; reason: string } {
  const { role, input, incident, look } = facts;
  const kept = incident.to !== null && !incident.burned.includes(incident.to);
  if (kept && (!facts.resumed || takenBy(look.lease, incident))) return { to: incident.to, reason: `${incident.to} stays the successor` };
  /** Asked for by name: this one or none, as long as the old holder has not been fenced; then somebody must hold the role. */
  const untouched = look.lease?.state === "held" && look.lease.holder === incident.from;
  const requested = untouched ? (input.requested ?? null) : null;
  const election = elect(world, { role, look, kind: incident.kind, requested, burned: incident.burned, leaving: incident.from });
  return { to: election.kind === "elected" ? election.node : null, reason: election.reason };
}

async function setSuccessor(world: World, input: OpenInput, facts: { incident: Incident; to: NodeId }): Promise<Incident> {
  if (facts.to === facts.incident.to) return facts.incident;
  const set = await updateRecord(world.registry, "incident", facts.incident.id, (current) => {
    const incident = current ?? facts.incident;
    return incident.owner === input.execution ? { kind: "write", next: { ...incident, to: facts.to } } : { kind: "keep", next: incident };
  });
  return set.next;
}

async function finish(
  world: World,
  input: OpenInput,
  incident: Incident,
  status: "expired" | "escalated" | "withdrawn",
  reason: string,
): Promise<Opened> {
  await endIncident(world, { incident: incident.id, execution: input.execution, status, reason, outcome: null });
  return { decision: "end", incident: incident.id, role: incident.role, reason };
}
