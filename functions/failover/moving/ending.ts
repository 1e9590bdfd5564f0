/**
 * The end of an incident, the same whoever brings it about: the budget's entry is closed, the incident gets its status and
 * its report, the role's cell is freed. Safe to do twice: a run that died half-way is finished by the next.
 */
import { withEntryEnded } from "../../../core/failover/stateful-failover/admission.ts";
import { closingReport } from "../../../core/failover/stateful-failover/report.ts";
import { updateRecord } from "../../../core/kernel/compare-and-set.ts";
import { LeaseStale } from "../../../core/kernel/errors.ts";
import type { IncidentId, RoleName } from "../../../core/kernel/ids.ts";
import { type Incident, type IncidentStatus, isOpen } from "../../../core/kernel/incident.ts";
import type { World } from "../../../core/kernel/ports.ts";
import { writeJournal } from "./journal.ts";

export type Ending = {
  readonly incident: IncidentId;
  readonly execution: string;
  readonly status: Exclude<IncidentStatus, "open" | "awaiting-approval">;
  readonly reason: string | null;
  readonly outcome: Incident["outcome"];
};

/** Answers the incident as it ended, which may be by an earlier run of this very step. */
export async function endIncident(world: World, ending: Ending): Promise<Incident & { report: string }> {
  const { registry, clock } = world;
  const nowMs = clock.wallMs();
  const decision = await updateRecord(registry, "incident", ending.incident, (current) => {
    if (!current) throw new LeaseStale({ role: ending.incident, expected: "an incident of this name", found: "none" });
    if (!isOpen(current.status)) return { kind: "keep", next: current };
    if (current.owner !== ending.execution) {
      throw new LeaseStale({
        role: current.role,
        expected: `incident ${current.id} owned by ${ending.execution}`,
        found: `owned by ${current.owner}`,
      });
    }
    const { status, outcome } = ending;
    return { kind: "write", next: { ...current, status, outcome: outcome ?? current.outcome, endedAtMs: nowMs } };
  });
  const incident = decision.next;
  const report = closingReport({ incident, status: incident.status, endedAtMs: incident.endedAtMs ?? nowMs, reason: ending.reason });
  const cell = await registry.read("roleIncident", incident.role);
  const told = decision.kind === "keep" && (cell.kind === "absent" || cell.value.open !== incident.id);
  if (!told) await tell(world, incident, report);
  await freeRole(world, incident);
  return { ...incident, report };
}

async function tell(world: World, incident: Incident, report: string): Promise<void> {
  const { status, role, id } = incident;
  await updateRecord(world.registry, "failovers", "all", (current) =>
    current?.recent.some((entry) => entry.incident === id)
      ? { kind: "write", next: withEntryEnded(current, { incident: id, status, nowMs: world.clock.wallMs() }) }
      : { kind: "keep" },
  );
  await world.bus.publish("failover.incident-closed", { incident: id, role, status, reason: report });
  const tookMs = world.clock.wallMs() - incident.openedAtMs;
  await writeJournal(world, id, { step: "CloseIncident", kind: status, text: report, tookMs, facts: { outcome: incident.outcome } });
}

/** Frees the role for a later incident; does nothing where another one is open by now. */
export async function freeRole(world: World, incident: Pick<Incident, "id" | "status" | "endedAtMs"> & { role: RoleName }): Promise<void> {
  const last = { id: incident.id, status: incident.status, endedAtMs: incident.endedAtMs ?? world.clock.wallMs() };
  await updateRecord(world.registry, "roleIncident", incident.role, (current) =>
    current?.open === incident.id ? { kind: "write", next: { ...current, open: null, last } } : { kind: "keep" },
  );
}

/** A cell whose incident was never written, and the place that it may have taken in the budget. */
export async function forgetHalfOpen(world: World, role: RoleName, id: IncidentId): Promise<void> {
  const nowMs = world.clock.wallMs();
  await updateRecord(world.registry, "failovers", "all", (current) =>
    current?.recent.some(({ incident }) => incident === id)
      ? { kind: "write", next: withEntryEnded(current, { incident: id, status: "withdrawn", nowMs }) }
      : { kind: "keep" },
  );
  await updateRecord(world.registry, "roleIncident", role, (current) =>
    current?.open === id ? { kind: "write", next: { ...current, open: null } } : { kind: "keep" },
  );
}
