/**
 * Whether a model may speak, and whether a new one may take its place. Every doubt falls back to thresholds, with its reason: a model that is wrong
 * unseen costs more than none.
 */
import type { Drift } from "./drift.ts";
import { brierScore } from "./evaluation.ts";

export type HeldOutEvaluation = {
  readonly brier: number;
  /** Of a constant probability, on the same rows. */
  readonly brierBaseRate: number;
  /** The best of the other baselines, on the same rows. */
  readonly brierBestBaseline: number;
  readonly calibrationError: number;
  readonly rows: number;
  readonly failures: number;
};
export type ModelFacts = {
  readonly file: { readonly kind: "read" } | { readonly kind: "absent" } | { readonly kind: "damaged"; readonly reason: string };
  /** Of training. */
  readonly rows: number;
  readonly failures: number;
  readonly trainedAgoMs: number;
  readonly evaluation: HeldOutEvaluation | null;
  readonly drift: Drift;
  /** Of the features at hand now, the share that is a gap. */
  readonly gapsShare: number;
};
export type GateLimits = {
  readonly rowsMin: number;
  readonly failuresMin: number;
  readonly ageMsMax: number;
  readonly calibrationErrorMax: number;
  readonly gapsShareMax: number;
};
export type FallBackCause = "absent" | "damaged" | "thin" | "old" | "failed its gate" | "drifted" | "gaps";
export type ModelDecision =
  | { readonly kind: "use-model"; readonly reason: string }
  | { readonly kind: "fall-back"; readonly cause: FallBackCause; readonly reason: string };

const DAY_MS = 86_400_000;
/** Ten failures for a rule of any kind (Peduzzi and others, Journal of Clinical Epidemiology 49, 1996: ten events a variable); five weeks, since it is trained weekly. */
export const GATE_LIMITS: GateLimits = {
  rowsMin: 1_000,
  failuresMin: 10,
  ageMsMax: 35 * DAY_MS,
  calibrationErrorMax: 0.05,
  gapsShareMax: 0.5,
};

export function decideModel(facts: ModelFacts, limits: GateLimits = GATE_LIMITS): ModelDecision {
  const { file, rows, failures, evaluation, drift, gapsShare, trainedAgoMs } = facts;
  const fallBack = (cause: FallBackCause, reason: string): ModelDecision => ({ kind: "fall-back", cause, reason: `thresholds decide: ${reason}` });
  if (file.kind === "absent") return fallBack("absent", "there is no model yet");
  if (file.kind === "damaged") return fallBack("damaged", `the model's file is damaged, ${file.reason}`);
  if (failures < limits.failuresMin)
    return fallBack("thin", `the model was trained on ${failures} failures, at least ${limits.failuresMin} are needed`);
  if (rows < limits.rowsMin) return fallBack("thin", `the model was trained on ${rows} rows, at least ${limits.rowsMin} are needed`);
  if (trainedAgoMs > limits.ageMsMax)
    return fallBack("old", `the model is ${Math.floor(trainedAgoMs / DAY_MS)} days old, at most ${Math.floor(limits.ageMsMax / DAY_MS)} are allowed`);
  if (evaluation === null) return fallBack("failed its gate", "the model was never evaluated on rows it had not seen");
  const fault = faultOf(evaluation, limits);
  if (fault !== null) return fallBack("failed its gate", fault);
  if (drift.kind === "drifted") return fallBack("drifted", drift.reason);
  if (gapsShare > limits.gapsShareMax)
    return fallBack("gaps", `${Math.round(100 * gapsShare)} % of the features are gaps, at most ${Math.round(100 * limits.gapsShareMax)} % may be`);
  const drifting = drift.kind === "unknown" ? `; ${drift.reason}` : "";
  return {
    kind: "use-model",
    reason: `Brier ${evaluation.brier.toFixed(4)} against ${evaluation.brierBaseRate.toFixed(4)} of the base rate${drifting}`,
  };
}

function faultOf({ brier, brierBaseRate, brierBestBaseline, calibrationError, failures }: HeldOutEvaluation, limits: GateLimits): string | null {
  if (failures === 0) return "no failure was among the rows it was evaluated on";
  // NaN must fail, so each comparison is written for what is wanted.
  if (!(brier < brierBaseRate)) return `its Brier score ${brier.toFixed(4)} is no better than the base rate's ${brierBaseRate.toFixed(4)}`;
  if (!(brier < brierBestBaseline)) return `its Brier score ${brier.toFixed(4)} is no better than a plain baseline's ${brierBestBaseline.toFixed(4)}`;
  if (!(calibrationError <= limits.calibrationErrorMax))
    return `its calibration error ${calibrationError.toFixed(3)} is above ${limits.calibrationErrorMax}`;
  return null;
}

/** One row of the newest weeks, which neither model was trained on. */
export type PairedRow = {
  readonly week: string;
  readonly fails: boolean;
  readonly candidate: number;
  /** The live model's probability, or that of the base rate where none is live. */
  readonly live: number;
};
export type Promotion = { readonly kind: "promote" | "keep"; readonly reason: string };

/** The candidate goes live when its Brier score is lower over all of the newest rows and in more than half of their weeks. */
export function comparePromotion(rows: readonly PairedRow[], limits: { readonly rowsMin: number; readonly failuresMin: number }): Promotion {
  const failures = rows.filter(({ fails }) => fails).length;
  if (rows.length < limits.rowsMin)
    return { kind: "keep", reason: `the newest weeks have ${rows.length} rows, at least ${limits.rowsMin} are needed` };
  if (failures < limits.failuresMin)
    return { kind: "keep", reason: `the newest weeks have ${failures} rows before a failure, at least ${limits.failuresMin} are needed` };
  const scoreOf = (of: readonly PairedRow[], who: "candidate" | "live"): number =>
    brierScore(of.map((row) => ({ probability: row[who], fails: row.fails })));
  const [candidate, live] = [scoreOf(rows, "candidate"), scoreOf(rows, "live")];
  const scores = `Brier ${candidate.toFixed(4)} against ${live.toFixed(4)} of the live one`;
  if (!(candidate < live)) return { kind: "keep", reason: `${scores} on the newest weeks` };
  const weeks = [...Map.groupBy(rows, ({ week }) => week).values()];
  const won = weeks.filter((of) => scoreOf(of, "candidate") < scoreOf(of, "live")).length;
  if (won * 2 <= weeks.length) return { kind: "keep", reason: `${scores}, but better in only ${won} of ${weeks.length} weeks` };
  return { kind: "promote", reason: `${scores}, better in ${won} of ${weeks.length} weeks` };
}
