/** What is kept of foresight: each prediction with its features and what came of it, what was done for a node, and alerts of its metrics. */
import * as z from "zod";
import { IncidentId, incidentId, NodeId, RegionName, RoleName, WallMs } from "./ids.ts";

/** How sure a prediction is, in the steps that it may lead to. */
export const Level = z.enum(["calm", "warn", "drain", "hand-over"]);
export type Level = z.infer<typeof Level>;

/** `prevented`: the role had moved, and then the node failed. `unknown`: the node was stopped or left, so nothing can be said. */
export const OutcomeKind = z.enum(["hit", "miss", "false-alarm", "correct-silence", "prevented", "unknown"]);
export type OutcomeKind = z.infer<typeof OutcomeKind>;

/** Of the same form as an incident's, `<node>-<yyyymmddThhmmssmmm>`: what a drain changes in the route is told under it. */
export const PredictionId = IncidentId;
export const predictionId = incidentId;

/** What was foretold and is never changed but for what came of it. Key, once it is scored: `<13 digits of when it was made>-<id>`. */
export const Prediction = z.object({
  id: PredictionId,
  node: NodeId,
  /** What the node held when it was made. */
  role: RoleName.nullable(),
  madeAtMs: WallMs,
  horizonMs: z.int().min(1_000),
  probability: z.number().min(0).max(1),
  level: Level,
  by: z.enum(["model", "exhaustion", "thresholds", "nothing"]),
  /** The model's version; null where none was used, and then `reason` says why. */
  model: z.string().max(128).nullable(),
  features: z.record(z.string(), z.number().nullable()),
  reason: z.string().max(2_000),
  /** When the role had left the node, if it did. */
  movedAtMs: WallMs.nullable(),
  /** When the node was first seen to have failed. */
  failedAtMs: WallMs.nullable(),
  outcome: z.object({ kind: OutcomeKind, atMs: WallMs, leadMs: z.number().nullable(), reason: z.string().max(2_000) }).nullable(),
});
export type Prediction = z.infer<typeof Prediction>;

/** A node that climbs through every level has four that are not scored yet; twice that is room for a change of roles. */
export const OPEN_MAX = 8;

/** Key: node. What is foretold of it now, and the predictions whose time is not over. */
export const Foreseen = z.object({
  node: NodeId,
  latest: Prediction.pick({ probability: true, level: true, by: true, model: true, reason: true }).extend({ atMs: WallMs }),
  /** Since when it has looked well without a break; null while it does not. */
  calmSinceMs: WallMs.nullable(),
  open: z.array(Prediction).max(OPEN_MAX),
});
export type Foreseen = z.infer<typeof Foreseen>;

export const PreemptionStep = z.enum(["none", "warned", "drained", "handed-over", "cancelled", "held"]);
export type PreemptionStep = z.infer<typeof PreemptionStep>;

/** Key: node. What is being done for it, by which execution. */
export const Preemption = z.object({
  node: NodeId,
  prediction: PredictionId,
  step: PreemptionStep,
  sinceMs: WallMs,
  openedAtMs: WallMs,
  endedAtMs: WallMs.nullable(),
  owner: z.string().max(512),
  ownerDeadlineMs: WallMs,
  reason: z.string().max(2_000),
});
export type Preemption = z.infer<typeof Preemption>;

/** Key: `all`. Who looks ahead now, the levels as the record has moved them, and the moves for the budget. */
export const Foresight = z.object({
  region: RegionName,
  /** When it last looked at every node. */
  beatAtMs: WallMs,
  levels: z.object({ warn: z.number(), drain: z.number(), handOver: z.number() }),
  /** The fleet file's, from which they were moved. */
  declared: z.object({ warn: z.number(), drain: z.number(), handOver: z.number() }),
  levelsReason: z.string().max(2_000),
  recent: z.array(z.object({ node: NodeId, prediction: PredictionId, atMs: WallMs, endedAtMs: WallMs.nullable() })).max(200),
});
export type Foresight = z.infer<typeof Foresight>;

/** Key: `<Region>/<node>`. The thresholds' state of all its signals, each as bytes in base64, and up to which point it was learned. */
export const SignalStates = z.object({
  node: NodeId,
  atMs: WallMs,
  states: z.record(z.string(), z.string().max(20_000)),
});
export type SignalStates = z.infer<typeof SignalStates>;

export const AlertId = z.string().regex(/^[a-z0-9.-]{1,120}$/i);
/** Key: id. One a node and signal while it lasts. */
export const Alert = z.object({
  id: AlertId,
  node: NodeId,
  signal: z.string().max(64),
  openedAtMs: WallMs,
  seenAtMs: WallMs,
  resolvedAtMs: WallMs.nullable(),
  value: z.number(),
  band: z.object({ low: z.number().nullable(), high: z.number().nullable() }),
  perDay: z.number(),
  reason: z.string().max(2_000),
  /** An operator's word, and whether the threshold has heard of it. */
  label: z.object({ real: z.boolean(), by: z.string().max(256), atMs: WallMs, heard: z.boolean() }).nullable(),
});
export type Alert = z.infer<typeof Alert>;

/** As many as a node has signals, and more. */
export const OPEN_ALERTS_MAX = 32;
export const LABELS_MAX = 50;

/** Key: node. The alerts that are open, up to which point its signals were judged, and labels that the thresholds have not heard. */
export const OpenAlerts = z.object({
  node: NodeId,
  judgedUntilMs: WallMs,
  open: z.array(Alert).max(OPEN_ALERTS_MAX),
  labels: z.array(z.object({ alert: AlertId, signal: z.string().max(64), real: z.boolean(), atMs: WallMs })).max(LABELS_MAX),
});
export type OpenAlerts = z.infer<typeof OpenAlerts>;
