/** What is kept of capacity: each group's cell, the journal of what was decided and what came of it, and the forecast between two runs. */
import * as z from "zod";
import { UNITS_MAX, Unit, UnitId } from "./capacity.ts";
import { GroupName, RegionName, WallMs } from "./ids.ts";
import { Mode } from "./mode.ts";

/** Members of a role beside a group's own units. */
const RUNNING_MAX = 2 * UNITS_MAX;
const STARTS_MEASURED_MAX = 10;
const REASON_CHARACTERS_MAX = 2_000;
/** 120 minutes ahead are 240 open answers of some fifty numbers each; deflated, in base64. */
const FORECASTER_CHARACTERS_MAX = 300_000;

const Reason = z.string().max(REASON_CHARACTERS_MAX);
const Running = z.int().min(0).max(RUNNING_MAX);

export const ScalingKind = z.enum(["hold", "out", "in"]);
export type ScalingKind = z.infer<typeof ScalingKind>;

/** `alarm`: CloudWatch saw demand near what is ready. `hand`: somebody started the workflow. */
export const ScalingTrigger = z.enum(["schedule", "alarm", "hand"]);
export type ScalingTrigger = z.infer<typeof ScalingTrigger>;

/** Key: `<group>/<atMs, 13 digits>`. Every decision but a `hold` that says what the one before it said. */
export const ScalingDecision = z.object({
  group: GroupName,
  atMs: WallMs,
  kind: ScalingKind,
  /** Units that run, those that start and the role's members of the fleet file included, and how many should. */
  from: Running,
  to: Running,
  trigger: ScalingTrigger,
  mode: Mode,
  by: z.enum(["forecast", "adaptive"]),
  /** In the demand's own unit, as is what the ready ones carry. Null is a gap. */
  demand: z.number().min(0).nullable(),
  carried: z.number().min(0),
  /** What the forecast expects when an order of now is ready, in the demand's unit; null where it knows nothing yet. */
  forecast: z.number().min(0).nullable(),
  shortChance: z.number().min(0).max(1).nullable(),
  /** Units that the guard lets go, in the order in which they leave. */
  leaving: z.array(UnitId).max(UNITS_MAX),
  reason: Reason,
  /** What came of it; null while nothing did, and for good where the mode does not act. */
  outcome: z.object({ kind: z.enum(["done", "already", "busy", "refused", "unreachable"]), atMs: WallMs, reason: Reason }).nullable(),
});
export type ScalingDecision = z.infer<typeof ScalingDecision>;

/** How short and how much over it was, in minutes of known demand. Halved now and then, so that the newest fortnight or two count. */
export const ScalingTally = z.object({
  minutes: z.number().min(0),
  shortMinutes: z.number().min(0),
  /** Sums of what was ready to carry, and of the demand, one a minute. */
  carriedSum: z.number().min(0),
  demandSum: z.number().min(0),
});
export type ScalingTally = z.infer<typeof ScalingTally>;

/** Key: group. Whose execution may order now, and what the next one must know. */
export const ScalingCell = z.object({
  group: GroupName,
  /** Where it is decided; another Region takes over when this one is silent. */
  region: RegionName,
  beatAtMs: WallMs,
  /** The execution's ARN; null between two. */
  owner: z.string().max(512).nullable(),
  ownerSinceMs: WallMs,
  ownerDeadlineMs: WallMs,
  decidedAtMs: WallMs.nullable(),
  lastOutMs: WallMs.nullable(),
  lastInMs: WallMs.nullable(),
  /** How far the forecast looks, and from what that follows. */
  leadMinutes: z.int().min(1).max(120),
  leadReason: Reason,
  /** As the actuator showed them at the last look. */
  units: z.array(Unit.pick({ id: true, state: true, zone: true })).max(RUNNING_MAX),
  /** Members of the role in the fleet file that were well then: they carry demand beside the units. */
  declaredReady: z.int().min(0),
  /** In mode `approve`: a person's word for a change of this kind, good for a while and for one order. */
  approved: z.object({ kind: z.enum(["out", "in"]), by: z.string().max(256), atMs: WallMs }).nullable(),
  /** Units on their way, and since when: an actuator may not say. */
  starting: z.array(z.object({ unit: UnitId, sinceMs: WallMs })).max(RUNNING_MAX),
  /** How long units took from their start to serving, the newest last. */
  starts: z.array(z.object({ unit: UnitId, finishedAtMs: WallMs, tookMs: z.number().min(0) })).max(STARTS_MEASURED_MAX),
  latest: ScalingDecision.nullable(),
  /** Of the newest entry in the journal. */
  journalled: z.object({ kind: ScalingKind, by: ScalingDecision.shape.by }).nullable(),
  trust: z
    .object({ minutesSeen: z.int().min(0), isTrusted: z.boolean(), error: z.number(), naiveError: z.number(), beyondShare: z.number() })
    .nullable(),
  /** The last whole minute that was counted. */
  countedMinute: z.int().min(0).nullable(),
  tally: ScalingTally,
});
export type ScalingCell = z.infer<typeof ScalingCell>;

/** Key: group. The forecaster as one Region has taught it. Lost, it begins anew, and measured demand decides until it has seen a day. */
export const ForecasterState = z.object({
  group: GroupName,
  atMs: WallMs,
  /** Deflated JSON in base64. */
  state: z.string().max(FORECASTER_CHARACTERS_MAX),
});
export type ForecasterState = z.infer<typeof ForecasterState>;

/** So long a person's approval is good. */
export const APPROVED_MS_MAX = 900_000;
export const STARTS_KEPT_MAX = STARTS_MEASURED_MAX;
