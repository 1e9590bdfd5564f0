/**
 * An alarm of this fleet that goes off becomes an incident in the list that people read: recorded, not acted on, since what
 * an alarm measures is acted on by the watchers. One state change is one incident, however often it is delivered.
 */
import * as z from "zod";
import { RoleName } from "../../../core/kernel/ids.ts";
import type { World } from "../../../core/kernel/ports.ts";
import { recordIncident } from "../../recorded-incident.ts";

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
  const recorded = await recordIncident(world, {
    role,
    kind: "alarm",
    openedAtMs,
    reason,
    requestedBy: "alarm",
    owner: `alarm:${alarmName}`,
    step: "OpenAlarmIncident",
    facts: { alarm: alarmName },
  });
  return { ...recorded, reason };
}

/** The role that the alarm's metric names; an alarm about the whole fleet is filed under the first role. */
function roleFor(world: World, detail: AlarmDelivery["detail"]): RoleName {
  const named = detail.configuration?.metrics?.map(({ metricStat }) => metricStat?.metric.dimensions?.Role).find((role) => role !== undefined);
  const known = world.fleet.roles.map(({ name }) => name);
  return known.find((name) => name === named) ?? known[0] ?? RoleName.parse("fleet");
}
