/** What travels through the scale workflow from state to state: whose round it is, what was decided, and what is to be ordered. */
import * as z from "zod";
import { UNITS_MAX, UnitId } from "../../core/kernel/capacity.ts";
import { FleetId, GroupName, WallMs } from "../../core/kernel/ids.ts";
import { ScalingKind, ScalingTrigger } from "../../core/kernel/scaling.ts";

const Count = z.int().min(0).max(UNITS_MAX);

export const ScaleInput = z.object({
  fleet: FleetId,
  group: GroupName,
  /** The execution's ARN: the owner of the group's cell. */
  execution: z.string().min(1).max(512),
  trigger: ScalingTrigger.default("hand"),
  /** For the execution of the minute before to end. */
  waitedSeconds: z.int().min(0).default(0),
});
export type ScaleInput = z.infer<typeof ScaleInput>;

/** `from` and `to` are what the actuator is asked for; in a removal the units go in their order. */
export const ScaleOrder = z.object({
  decidedAtMs: WallMs,
  from: Count,
  to: Count,
  units: z.array(UnitId).max(UNITS_MAX),
  reason: z.string().max(2_000),
});
export type ScaleOrder = z.infer<typeof ScaleOrder>;

export const ScaleRound = ScaleInput.extend({
  decision: ScalingKind,
  order: ScaleOrder.nullable(),
  /** Units that have yet to be told to serve. */
  starting: z.int().min(0),
  /** Whether this execution looks once more before its minute is over. */
  again: z.boolean(),
  waitSeconds: z.int().min(1).max(3_600),
  reason: z.string().max(2_000),
});
export type ScaleRound = z.infer<typeof ScaleRound>;

/** The end of an execution whose last step failed carries the error beside what travelled. */
export const ScaleEnd = ScaleInput.extend({
  reason: z.string().max(2_000).default(""),
  error: z.object({ Error: z.string(), Cause: z.string() }).optional(),
});
export type ScaleEnd = z.infer<typeof ScaleEnd>;

export const keyOfDecision = (group: string, paddedAtMs: string): string => `${group}/${paddedAtMs}`;
