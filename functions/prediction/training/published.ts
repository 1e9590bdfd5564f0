/** What is told of a model in the registry: its version, its file's place and checksum, and what its trial came to, in milliseconds. */
import { createHash } from "node:crypto";
import { MODELS_PREFIX, type ModelEvaluation } from "../../../core/kernel/live-model.ts";
import type { Weighed } from "../../../core/prediction/predictive-model/candidate.ts";

/** A version is when it was trained and which model it is; its file is written once. */
export function versionOf(file: string, atMs: number): { version: string; key: string; sha256: string } {
  const sha256 = createHash("sha256")
    .update(file.slice(file.indexOf("\n") + 1))
    .digest("hex");
  const stamp = new Date(atMs).toISOString().slice(0, 19).replaceAll(/[-:]/g, "").toLowerCase();
  const version = `${stamp}-${sha256.slice(0, 8)}`;
  return { version, key: `${MODELS_PREFIX}v1/${version}.model`, sha256 };
}

export function evaluationOf({ evaluation }: Pick<Weighed, "evaluation">, stepMs: number): ModelEvaluation {
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
