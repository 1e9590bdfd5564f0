/** A model as it is published: its file, and what the registry is told of it: version, place, checksum, and what its trial came to, in milliseconds. */
import { createHash } from "node:crypto";
import type { RegionName } from "../../kernel/ids.ts";
import { MODELS_PREFIX, type ModelEvaluation, type ModelPointer } from "../../kernel/live-model.ts";
import type { Weighed } from "./candidate.ts";
import { writeModel } from "./model-file.ts";
import type { ModelCadence } from "./node-history.ts";

export type Publication = { readonly file: string; readonly pointer: ModelPointer };
export type PublicationFacts = {
  readonly cadence: ModelCadence;
  readonly atMs: number;
  readonly nodes: number;
  /** Whose bucket it lies in. */
  readonly region: RegionName;
  /** Why it is better than what was live. */
  readonly reason: string;
};

export function publicationOf(weighed: Weighed, { cadence, atMs, nodes, region, reason }: PublicationFacts): Publication {
  const { model, rows, failures, fromStep, untilStep, evaluation } = weighed;
  const [fromMs, untilMs] = [fromStep * cadence.stepMs, (untilStep + 1) * cadence.stepMs];
  const file = writeModel({ model, trainedAtMs: atMs, trainedFromMs: fromMs, trainedUntilMs: untilMs, evaluation });
  const drift = { kind: "unknown" as const, reason: "nothing newer than its own trial is known yet", atMs };
  const of = { region, trainedAtMs: atMs, fromMs, untilMs, nodes, rows, failures, ...cadence };
  return { file, pointer: { ...nameOf(file, atMs), ...of, evaluation: toldOf(evaluation, cadence.stepMs), promotedAtMs: atMs, reason, drift } };
}

/** A version is when it was trained and which model it is; its file is written once. */
function nameOf(file: string, atMs: number): Pick<ModelPointer, "version" | "key" | "sha256"> {
  const sha256 = createHash("sha256")
    .update(file.slice(file.indexOf("\n") + 1))
    .digest("hex");
  const stamp = new Date(atMs).toISOString().slice(0, 19).replaceAll(/[-:]/g, "").toLowerCase();
  const version = `${stamp}-${sha256.slice(0, 8)}`;
  return { version, key: `${MODELS_PREFIX}v1/${version}.model`, sha256 };
}

function toldOf(evaluation: Weighed["evaluation"], stepMs: number): ModelEvaluation {
  const { brier, brierBaseRate, brierBestBaseline, baselines, calibrationError, rows, failures, warned } = evaluation;
  const { level, precision, recall, leadStepsMedian } = warned;
  const leadMsMedian = leadStepsMedian === null ? null : leadStepsMedian * stepMs;
  return {
    brier,
    brierBaseRate,
    brierBestBaseline,
    baselines: { ...baselines },
    calibrationError,
    rows,
    failures,
    level,
    precision,
    recall,
    leadMsMedian,
  };
}
