/**
 * An alarm of this fleet that goes off becomes an incident in the list that people read: recorded, not acted on, since what
 * an alarm measures is acted on by the watchers. One state change is one incident, however often it is delivered.
 */
import * as z from "zod";
import { incidentId, RoleName } from "../../../core/kernel/ids.ts";
import type { Incident } from "../../../core/kernel/incident.ts";
import type { World } from "../../../core/kernel/ports.ts";
import { writeJournal } from "./journal.ts";
import { roleOf } from "./step.ts";

/** "CloudWatch Alarm State Change", as far as we read it. */
export const AlarmDelivery = z.object({
  time: z.iso.datetime({ offset: true }),
  detail: z.object({
    alarmName: z.string().min(1).max(255),
    state: z.object({ value: z.string(), reason: z.string().max(4_096).default(""), timestamp: z.string().optional() }),
    configuration: z
      .object({
        metrics: z
          .array(z.object({ metricStat: z.object({ metric: z.object({ dimensions: z.record(z.string(), z.string()).optional() }) }).optional() }))
          .max(500),
      })
      .partial()
      .optional(),
  }),
});
export type AlarmDelivery = z.infer<typeof AlarmDelivery>;

const STATE_FIRING = "ALARM";

export async function recordAlarm(world: World, { time, detail }: AlarmDelivery): Promise<{ decision: string; incident?: string; reason: string }> {
  const { alarmName, state } = detail;
  if (state.value !== STATE_FIRING) return { decision: "ignored", reason: `${alarmName} is ${state.value}` };
  const role = roleFor(world, detail);
  const changedAtMs = Date.parse(state.timestamp ?? time);
  const openedAtMs = Number.isNaN(changedAtMs) ? Date.parse(time) : changedAtMs;
  const reason = `the alarm ${alarmName} went off: ${state.reason || "no reason was given"}`;
  const lease = await world.registry.read("lease", role);
  const holder = lease.kind === "found" ? lease.value.holder : null;
  const nowMs = world.clock.wallMs();
  const incident: Incident = {
    id: incidentId(role, openedAtMs),
    fleet: world.fleet.fleet,
    role,
    kind: "alarm",
    status: "recorded",
    mode: roleOf(world, role).mode,
    reason,
    requestedBy: "alarm",
    openedAtMs,
    endedAtMs: Math.max(nowMs, openedAtMs),
    from: holder,
    to: null,
    burned: [],
    outcome: null,
    evidence: null,
    owner: `alarm:${alarmName}`,
    ownerDeadlineMs: nowMs,
    approval: null,
  };
  const written = await world.registry.write("incident", incident.id, incident, "absent");
  if (written.kind === "conflict") return { decision: "known", incident: incident.id, reason };
  await world.bus.publish("failover.incident-opened", { incident: incident.id, role, kind: "alarm", from: holder, to: null, reason });
  await world.bus.publish("failover.incident-closed", { incident: incident.id, role, status: "recorded", reason });
  await writeJournal(world, incident.id, { step: "OpenAlarmIncident", kind: "recorded", text: `${reason}.`, facts: { alarm: alarmName } });
  return { decision: "recorded", incident: incident.id, reason };
}

/** The role that the alarm's metric names; an alarm about the whole fleet is filed under the first role. */
function roleFor(world: World, detail: AlarmDelivery["detail"]): RoleName {
  const named = detail.configuration?.metrics?.map(({ metricStat }) => metricStat?.metric.dimensions?.Role).find((role) => role !== undefined);
  const known = world.fleet.roles.map(({ name }) => name);
  return known.find((name) => name === named) ?? known[0] ?? RoleName.parse("fleet");
}
