/** An incident that people read and nothing acts on: an alarm that went off, a restore drill that failed. One cause is one incident. */

import { incidentId, type RoleName } from "../core/kernel/ids.ts";
import type { Incident, IncidentKind } from "../core/kernel/incident.ts";
import type { World } from "../core/kernel/ports.ts";
import { pad } from "../core/kernel/records.ts";

export type Cause = {
  readonly role: RoleName;
  readonly kind: Extract<IncidentKind, "alarm">;
  readonly openedAtMs: number;
  readonly reason: string;
  /** Who noticed: `alarm`, `drill`. */
  readonly requestedBy: string;
  readonly owner: string;
  readonly step: string;
  readonly facts: Record<string, unknown>;
};

/** `known` where it was written before. */
export async function recordIncident(world: World, cause: Cause): Promise<{ decision: "recorded" | "known"; incident: string }> {
  const { role, kind, openedAtMs, reason, requestedBy, owner, step, facts } = cause;
  const lease = await world.registry.read("lease", role);
  const holder = lease.kind === "found" ? lease.value.holder : null;
  const nowMs = world.clock.wallMs();
  const incident: Incident = {
    id: incidentId(role, openedAtMs),
    fleet: world.fleet.fleet,
    role,
    kind,
    status: "recorded",
    mode: world.fleet.roles.find(({ name }) => name === role)?.mode ?? "approve",
    reason,
    requestedBy,
    openedAtMs,
    endedAtMs: Math.max(nowMs, openedAtMs),
    from: holder,
    to: null,
    burned: [],
    outcome: null,
    evidence: null,
    owner,
    ownerDeadlineMs: nowMs,
    approval: null,
  };
  const written = await world.registry.write("incident", incident.id, incident, "absent");
  if (written.kind === "conflict") return { decision: "known", incident: incident.id };
  await world.bus.publish("failover.incident-opened", { incident: incident.id, role, kind, from: holder, to: null, reason });
  await world.bus.publish("failover.incident-closed", { incident: incident.id, role, status: "recorded", reason });
  const line = { incident: incident.id, atMs: nowMs, step, kind: "recorded", text: `${reason}.`, tookMs: null, facts };
  world.log.decision({ module: "failover", subject: incident.id, kind: `${step}.recorded`, reason });
  await world.registry.write("journal", `${incident.id}/${pad(nowMs)}-${step}-recorded`, line, "any");
  return { decision: "recorded", incident: incident.id };
}
