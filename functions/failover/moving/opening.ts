/**
 * Opens the role's incident, goes on with an open one, or does nothing: a role has one open incident, and its cell in the
 * registry, written under condition, is what makes it so. The answer is small and holds all that the workflow's next
 * states need.
 */
import { recogniseFault } from "../../../core/failover/stateful-failover/admission-repeat.ts";
import { updateRecord } from "../../../core/kernel/compare-and-set.ts";
import { RegistryConflict } from "../../../core/kernel/errors.ts";
import type { FleetRole } from "../../../core/kernel/fleet.ts";
import { type IncidentId, incidentId } from "../../../core/kernel/ids.ts";
import { type Incident, isOpen } from "../../../core/kernel/incident.ts";
import type { World } from "../../../core/kernel/ports.ts";
import { decideOpening, faultFrom, type Opening } from "./admitting.ts";
import { continueIncident } from "./continuing.ts";
import { endIncident, forgetHalfOpen, freeRole } from "./ending.ts";
import { writeJournal } from "./journal.ts";
import { type Look, lookAtRole } from "./look.ts";
import { type OpenInput, type Request, readRequest } from "./request.ts";
import { roleOf, type Step } from "./step.ts";

export type Opened =
  | (Step & { readonly decision: "proceed" | "approve"; readonly reason: string })
  | { readonly decision: "end"; readonly incident: IncidentId | null; readonly role: string; readonly reason: string };

/** Between taking the cell and writing the incident lie two writes; a process that needs longer is gone. */
const HALF_OPEN_MS = 5_000;

export async function openIncident(world: World, input: OpenInput): Promise<Opened> {
  const role = roleOf(world, input.role);
  const cell = await world.registry.read("roleIncident", role.name);
  const open = cell.kind === "found" ? cell.value.open : null;
  if (open === null) return beginIncident(world, role, input, null);
  const found = await world.registry.read("incident", open);
  if (found.kind === "absent") {
    if (world.clock.wallMs() - openedAtMs(open) < HALF_OPEN_MS) throw new RegistryConflict({ kind: "incident", key: open, attempts: 1 });
    return beginIncident(world, role, input, open);
  }
  if (!isOpen(found.value.status)) {
    await freeRole(world, found.value);
    return beginIncident(world, role, input, null);
  }
  return continueIncident(world, role, input, found.value);
}

async function beginIncident(world: World, role: FleetRole, input: OpenInput, halfOpen: IncidentId | null): Promise<Opened> {
  const nowMs = world.clock.wallMs();
  const request = readRequest(input, nowMs);
  const look = await lookAtRole(world, role, request.node);
  const cooldownMs = world.fleet.policies.failover.cooldownSeconds * 1_000;
  const stale = overtaken(request, look);
  if (stale !== null) {
    if (halfOpen !== null) await forgetHalfOpen(world, role.name, halfOpen);
    return { decision: "end", incident: halfOpen, role: role.name, reason: stale };
  }
  const fault = faultFrom(request, look);
  const recognised = recogniseFault({
    fault,
    lease: look.distrust === null ? look.lease : null,
    last: await lastIncident(world, role),
    cooldownMs,
    nowMs,
  });
  if (recognised.kind !== "new" && halfOpen === null) return { decision: "end", incident: null, role: role.name, reason: recognised.reason };

  const id = halfOpen ?? (await takeCell(world, role, incidentId(role.name, nowMs)));
  const opening = await decideOpening(world, { role, id, request, look, input, nowMs });
  await writeIncident(world, opening.incident);
  return announce(world, input, opening);
}

/** Why what the watchers said is true no more, or null. A fault that lasts is said again by itself; a person is taken at their word. */
function overtaken({ wish, asker, lapsed }: Request, { lease, distrust }: Look): string | null {
  if (asker !== "automation") return null;
  const trusted = distrust === null;
  /** What was begun has ended, or never got further than its name. */
  if (wish === "abandoned" && trusted && lease?.state === "held") return `nothing is left unfinished: ${lease.holder} holds the role`;
  if (wish === "establish" && trusted) return "its lease can be trusted: no agent's word is above it";
  const stands = trusted && lease?.state === "held" && lease.epoch === lapsed?.epoch && lease.renewal === lapsed.renewal;
  return wish === "lapsed" && !stands ? "its lease has moved on since it was said to have lapsed" : null;
}

/** Two Regions start at once; the cell lets one of them open, the other looks again and finds it open. */
async function takeCell(world: World, role: FleetRole, id: IncidentId): Promise<IncidentId> {
  const taken = await updateRecord(world.registry, "roleIncident", role.name, (current) =>
    current?.open ? { kind: "keep" } : { kind: "write", next: { role: role.name, open: id, last: current?.last ?? null } },
  );
  if (taken.kind === "keep") throw new RegistryConflict({ kind: "roleIncident", key: role.name, attempts: 1 });
  return id;
}

/** A half-open incident may be finished by two at once: the first write is the incident. */
async function writeIncident(world: World, incident: Incident): Promise<void> {
  const written = await world.registry.write("incident", incident.id, incident, "absent");
  if (written.kind === "conflict") throw new RegistryConflict({ kind: "incident", key: incident.id, attempts: 1 });
}

async function announce(world: World, input: OpenInput, opening: Opening): Promise<Opened> {
  const { incident, ending, reason, step } = opening;
  const { id, role, kind, from, to } = incident;
  await world.bus.publish("failover.incident-opened", { incident: id, role, kind, from, to, reason: incident.reason });
  const facts = { from, to, kind, mode: incident.mode, passedOver: opening.passedOver, looked: opening.looked };
  await writeJournal(world, id, { step: "OpenIncident", kind: ending ?? "opened", text: `${incident.reason}. ${reason}.`, facts });
  if (ending !== null || step === null) {
    await endIncident(world, { incident: id, execution: input.execution, status: ending ?? "escalated", reason, outcome: null });
    return { decision: "end", incident: id, role, reason };
  }
  const decision = incident.status === "awaiting-approval" ? "approve" : "proceed";
  return { ...step, decision, reason };
}

async function lastIncident(world: World, role: FleetRole): Promise<Incident | null> {
  const cell = await world.registry.read("roleIncident", role.name);
  if (cell.kind === "absent" || cell.value.last === null) return null;
  const found = await world.registry.read("incident", cell.value.last.id);
  return found.kind === "found" ? found.value : null;
}

/** The time is in the name: `<role>-20261124T192237000`. */
function openedAtMs(id: IncidentId): number {
  const [, year, month, day, hour, minute, second, ms] = /-(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)(\d{3})$/.exec(id) ?? [];
  return Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}.${ms}Z`);
}
