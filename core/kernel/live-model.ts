/**
 * What the registry keeps of the predictive model: which file in the bucket is live, what it was worth on weeks that it had not seen, and how the
 * newest candidates fared beside it. The file is written first and this pointer after it, so what it names exists.
 */
import * as z from "zod";
import { RegionName, WallMs } from "./ids.ts";

export const CANDIDATES_MAX = 20;
/** Of a model's objects, in the bucket of history of the fleet's home. */
export const MODELS_PREFIX = "models/";

const share = z.number().min(0).max(1).nullable();

/** On rows later than all that the model was trained on. Brier scores: 0 is perfect, lower is better. */
export const ModelEvaluation = z.object({
  brier: z.number(),
  brierBaseRate: z.number(),
  brierBestBaseline: z.number(),
  /** Each baseline by its name, on the same rows. */
  baselines: z.record(z.string().max(64), z.number()),
  calibrationError: z.number(),
  rows: z.int().min(0),
  /** Lives that ended in these rows. */
  failures: z.int().min(0),
  /** The probability from which a warning counts here, chosen on the training rows. */
  level: z.number(),
  precision: share,
  recall: share,
  /** From the first warning to the failure; null without a failure that was warned of. */
  leadMsMedian: z.number().nullable(),
});
export type ModelEvaluation = z.infer<typeof ModelEvaluation>;

export const ModelVersion = z.string().regex(/^[a-z0-9-]{8,64}$/);

export const ModelPointer = z.object({
  version: ModelVersion,
  region: RegionName,
  key: z.string().startsWith(MODELS_PREFIX).max(256),
  /** Of the model's body, as its file's header has it. */
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  trainedAtMs: WallMs,
  /** What it was trained on. */
  fromMs: WallMs,
  untilMs: WallMs,
  nodes: z.int().min(0),
  rows: z.int().min(0),
  failures: z.int().min(0),
  stepMs: z.int().min(1_000),
  horizonMs: z.int().min(1_000),
  evaluation: ModelEvaluation,
  promotedAtMs: WallMs,
  reason: z.string().max(2_000),
  /** Of the newest rows from the training ones, as the last run of train-model found it. */
  drift: z.object({ kind: z.enum(["steady", "drifted", "unknown"]), reason: z.string().max(2_000), atMs: WallMs }),
});
export type ModelPointer = z.infer<typeof ModelPointer>;

/** `thin`: there was too little to train on. `failed`: it may not speak. `kept`: the live one is better. */
export const ModelCandidate = z.object({
  atMs: WallMs,
  version: ModelVersion.nullable(),
  decision: z.enum(["promoted", "kept", "failed", "thin"]),
  reason: z.string().max(2_000),
  evaluation: ModelEvaluation.nullable(),
  /** The live one at that time, on the same rows; null where none was, or it could not be read. */
  beside: z.object({ version: ModelVersion, brier: z.number() }).nullable(),
});
export type ModelCandidate = z.infer<typeof ModelCandidate>;

/** Key: `live`. Candidates with the newest first. */
export const LiveModel = z.object({ live: ModelPointer.nullable(), candidates: z.array(ModelCandidate).max(CANDIDATES_MAX) });
export type LiveModel = z.infer<typeof LiveModel>;
