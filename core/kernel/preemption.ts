/**
 * What is written down about a failure that was foreseen: the prediction, what was decided on it, and how it turned out. And what an
 * operator may say about acting on one, with its limits. A prediction is an entry of its own; nothing of it is left out when it was wrong.
 */
import * as z from "zod";
import { NodeId, RoleName, WallMs } from "./ids.ts";

/** Each is one more than the one before, and none is skipped. */
export const STEPS = ["watch", "warn", "drain", "hand-over"] as const;
export const Step = z.enum(STEPS);
export type Step = z.infer<typeof Step>;
export type ActingStep = Exclude<Step, "watch">;
export const ACTING_STEPS = ["warn", "drain", "hand-over"] as const satisfies readonly ActingStep[];

export const PREEMPTION_KINDS = ["none", "warn", "drain", "hand-over", "propose", "cancel", "hold"] as const;
export const SCORES = ["hit", "miss", "false-alarm", "correct-silence", "prevented", "foretold-later", "unknown"] as const;

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
const FEATURES_MAX = 64;

/** A model and its version, or `thresholds` where none is fit to be used. */
export const ModelName = z.string().regex(/^[a-z][a-z0-9-]{0,47}$/, "1 to 48 of a-z, 0-9 and '-', starting with a letter");
export type ModelName = z.infer<typeof ModelName>;
/** `<yyyymmddThhmm>.<node>.<model>`: sorts by time, and one a minute; the dot is in none of the names. */
export const PredictionId = z
  .string()
  .regex(/^\d{8}T\d{4}\.[a-z][a-z0-9-]{0,31}\.[a-z][a-z0-9-]{0,47}$/)
  .brand<"PredictionId">();
export type PredictionId = z.infer<typeof PredictionId>;

export const Probability = z.number().min(0).max(1);

export const Score = z.object({
  kind: z.enum(SCORES),
  scoredAtMs: WallMs,
  failedAtMs: WallMs.nullable(),
  reason: z.string().max(500),
});
export type Score = z.infer<typeof Score>;

/** Key: its id. */
export const Prediction = z.object({
  id: PredictionId,
  node: NodeId,
  /** That the node held when the prediction was made. */
  role: RoleName.nullable(),
  model: ModelName,
  /** That the node fails within the horizon. */
  probability: Probability,
  horizonMs: z
    .int()
    .min(MINUTE_MS)
    .max(7 * DAY_MS),
  madeAtMs: WallMs,
  /** As the model was given them; null where there was no value. */
  features: z
    .record(z.string().regex(/^[A-Za-z][A-Za-z0-9_.-]{0,47}$/), z.number().nullable())
    .refine((all) => Object.keys(all).length <= FEATURES_MAX, `at most ${FEATURES_MAX} features`),
  /** The highest step whose level the probability reached, by the levels of that moment. Above `watch` it is an alarm. */
  reached: Step,
  decided: z.object({ kind: z.enum(PREEMPTION_KINDS), step: Step, reason: z.string().max(500) }).nullable(),
  /** Null until its horizon has ended. */
  score: Score.nullable(),
});
export type Prediction = z.infer<typeof Prediction>;

/** Key: node. What was done about it. Rehearsed is what would have been done in another mode than shadow. */
export const PreemptionPosition = z.object({ step: Step, sinceMs: WallMs, isRehearsed: z.boolean() });
export type PreemptionPosition = z.infer<typeof PreemptionPosition>;

const Level = z.number().min(0.05).max(0.99);
export const PreemptionLevels = z.object({ warn: Level, drain: Level, "hand-over": Level });
export type PreemptionLevels = z.infer<typeof PreemptionLevels>;

export const PreemptionPolicy = z.strictObject({
  consecutiveMin: z.int().min(1).max(60).default(3).meta({ description: "Predictions in a row that must reach a level before its step is taken." }),
  stepSecondsMin: z
    .int()
    .min(0)
    .max(DAY_MS / 1_000)
    .default(120)
    .meta({ description: "How long a step must have lasted before the next." }),
  cancelSeconds: z
    .int()
    .min(1)
    .max(DAY_MS / 1_000)
    .default(600)
    .meta({ description: "How long the probability must stay low before all is called off." }),
  predictionSecondsMax: z.int().min(1).max(3_600).default(180).meta({ description: "An older prediction counts as none; a longer gap ends a row." }),
  atOnceMax: z.int().min(0).max(64).default(1).meta({ description: "Moves ahead of a failure that may be under way at once, in the whole fleet." }),
  perHourMax: z.int().min(0).max(1_000).default(2),
  outShareMax: z
    .number()
    .min(0)
    .max(1)
    .default(0.34)
    .meta({ description: "Share of the fleet that may be out or drained, the node in question included." }),
  nodeCooldownSeconds: z
    .int()
    .min(0)
    .max(7 * (DAY_MS / 1_000))
    .default(21_600),
  roleCooldownSeconds: z
    .int()
    .min(0)
    .max(7 * (DAY_MS / 1_000))
    .default(3_600),
  recordMin: z
    .int()
    .min(0)
    .max(1_000)
    .default(10)
    .meta({ description: "Alarms that must have been scored before a step is taken without being asked." }),
  precisionMin: Probability.default(0.5).meta({
    description: "What share of them must have been right, surely: the lower bound of its 90 % interval.",
  }),
});
export type PreemptionPolicy = z.infer<typeof PreemptionPolicy>;

/** The same for the same node, model and minute, so that a prediction made twice is written once. */
export function predictionId({ node, model, madeAtMs }: { node: NodeId; model: ModelName; madeAtMs: number }): PredictionId {
  const minute = new Date(madeAtMs).toISOString().slice(0, 16).replace(/[-:]/g, "");
  return `${minute}.${node}.${model}` as PredictionId;
}
