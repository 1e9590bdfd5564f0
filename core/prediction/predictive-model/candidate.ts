/**
 * A candidate for the live model: trained on what was known before the newest weeks, judged on those weeks beside its baselines and beside the live
 * model, which did not see them either. What is published is the very model that was judged, and not one that was trained again with more.
 */
import { BASELINES, learnBaselines } from "./baselines.ts";
import { type Drift, judgeDrift } from "./drift.ts";
import { brierScore, type Warned, warnedAt } from "./evaluation.ts";
import type { Spot } from "./features.ts";
import { comparePromotion, decideModel, GATE_LIMITS, type HeldOutEvaluation, type Promotion } from "./gate.ts";
import type { History } from "./history.ts";
import { type ModelSettings, type PredictiveModel, predictRow, viewOf } from "./predictive-model.ts";
import { knownBefore } from "./split.ts";
import { knownSpots, outcomeOf, trainModel } from "./training.ts";
import { evaluationOf, rowsOfBaseline, type TrialRow, tryModel } from "./trial.ts";

/** Of the time that is known, at most this share is the newest weeks. */
const TEST_SHARE_MAX = 1 / 3;
export const TEST_WEEKS_MAX = 4;
const TEST_ROWS_MAX = 20_000;
export const PROMOTION_LIMITS = { rowsMin: 200, failuresMin: 10 } as const;

export type Candidacy = {
  readonly pieces: readonly History[];
  readonly settings: ModelSettings;
  readonly weekSteps: number;
  /** The live one; null where none is live or it cannot be read. */
  readonly live: PredictiveModel | null;
};
export type Weighed = {
  readonly kind: "weighed";
  readonly model: PredictiveModel;
  readonly rows: number;
  readonly failures: number;
  readonly fromStep: number;
  readonly untilStep: number;
  readonly evaluation: HeldOutEvaluation & { readonly baselines: Readonly<Record<string, number>>; readonly warned: Warned };
  /** Of the live one on the same rows. */
  readonly liveBrier: number | null;
  readonly verdict: Promotion | { readonly kind: "failed"; readonly reason: string };
};
export type Weighing = Weighed | { readonly kind: "thin"; readonly reason: string };

export function weighCandidate({ pieces, settings, weekSteps, live }: Candidacy): Weighing {
  const span = spanOf(pieces);
  const lasts = span.untilStep - span.fromStep;
  const cutStep = span.untilStep - Math.min(TEST_WEEKS_MAX * weekSteps, Math.floor(TEST_SHARE_MAX * lasts));
  const train = pieces.length === 0 ? [] : knownBefore(pieces, cutStep, settings.horizonSteps);
  const thin = thinnessOf(train, pieces, cutStep, settings);
  if (thin !== null) return { kind: "thin", reason: thin };
  const model = trainModel(train, settings);
  const spots = newestSpots(pieces, settings, cutStep);
  const rows = tryModel(model, learnBaselines(model, train), pieces, spots);
  const counted = countedIn(train, settings);
  const evaluation = {
    ...evaluationOf(rows),
    baselines: Object.fromEntries(BASELINES.map((name) => [name, brierScore(rowsOfBaseline(rows, name))])),
    warned: warnedAt(rows, model.level),
  };
  const liveSays = live === null ? null : saidBy(live, settings, pieces, spots);
  const liveBrier = liveSays === null ? null : brierScore(rows.map(({ fails }, at) => ({ fails, probability: liveSays[at] as number })));
  return {
    kind: "weighed",
    model,
    ...counted,
    ...spanOf(train),
    evaluation,
    liveBrier,
    verdict: verdictOf({ rows, counted, evaluation, liveSays, weekSteps }),
  };
}

/** Of the newest rows from those that the model was trained on. */
export function driftOf(model: PredictiveModel, pieces: readonly History[], recentSteps: number): Drift {
  const { untilStep } = spanOf(pieces);
  const spots = knownSpots(pieces, { ...model.settings, rowsMax: TEST_ROWS_MAX }, (_history, step) => (step > untilStep - recentSteps ? 0 : null));
  return judgeDrift(model.reference, viewOf(model, pieces, spots));
}

type ToJudge = {
  readonly rows: readonly TrialRow[];
  readonly counted: { readonly rows: number; readonly failures: number };
  readonly evaluation: HeldOutEvaluation;
  readonly liveSays: readonly number[] | null;
  readonly weekSteps: number;
};

/** First whether it may speak at all, then whether it is better than who speaks now. */
function verdictOf({ rows, counted, evaluation, liveSays, weekSteps }: ToJudge): Weighed["verdict"] {
  const drift = { kind: "unknown", reason: "it is new" } as const;
  const gate = decideModel({ file: { kind: "read" }, ...counted, trainedAgoMs: 0, evaluation, drift, gapsShare: 0 });
  if (gate.kind === "fall-back") return { kind: "failed", reason: gate.reason };
  const paired = rows.map(({ step, fails, probability, baselines }, at) => ({
    week: `${Math.floor(step / weekSteps)}`,
    fails,
    candidate: probability,
    live: liveSays?.[at] ?? baselines["base rate"],
  }));
  const { kind, reason } = comparePromotion(paired, PROMOTION_LIMITS);
  return { kind, reason: liveSays === null ? `none was live: the base rate stands for it. ${reason}` : reason };
}

function newestSpots(pieces: readonly History[], settings: ModelSettings, cutStep: number): Spot[] {
  return knownSpots(pieces, { ...settings, rowsMax: TEST_ROWS_MAX }, (history, step) =>
    step >= cutStep ? outcomeOf(history, step, settings) : null,
  );
}

/** Null for a model of other signals or another horizon: it says something else. */
function saidBy(live: PredictiveModel, settings: ModelSettings, pieces: readonly History[], spots: readonly Spot[]): number[] | null {
  const { columns, horizonSteps } = live.settings;
  if (horizonSteps !== settings.horizonSteps || columns.join() !== settings.columns.join()) return null;
  const view = viewOf(live, pieces, spots);
  return spots.map((_, row) => predictRow(live, view, row).probability);
}

function countedIn(pieces: readonly History[], settings: ModelSettings): { rows: number; failures: number } {
  const spots = knownSpots(pieces, { ...settings, rowsMax: Number.MAX_SAFE_INTEGER }, (history, step) => outcomeOf(history, step, settings));
  const failing = spots.flatMap(({ history, known }) => (known === 1 ? [pieces[history]?.unit] : []));
  return { rows: spots.length, failures: new Set(failing).size };
}

/** Why it cannot be trained or judged; null when it can. Both outcomes must be in what is trained on, in what calibrates and in what judges. */
function thinnessOf(train: readonly History[], pieces: readonly History[], cutStep: number, settings: ModelSettings): string | null {
  const { rows, failures } = countedIn(train, settings);
  const { failuresMin, rowsMin } = GATE_LIMITS;
  if (rows < rowsMin) return `${rows} rows are known to train on, at least ${rowsMin} are needed`;
  if (failures < failuresMin) return `${failures} failures are known to train on, at least ${failuresMin} are needed`;
  if (!calibrates(train, settings)) return "the rows that calibrate it, or those before them, are all of one outcome";
  const newest = knownSpots(pieces, { ...settings, rowsMax: Number.MAX_SAFE_INTEGER }, (history, step) =>
    step >= cutStep ? outcomeOf(history, step, settings) : null,
  );
  const failing = newest.filter(({ known }) => known === 1).length;
  if (newest.length < PROMOTION_LIMITS.rowsMin || failing < PROMOTION_LIMITS.failuresMin)
    return `the newest weeks have ${newest.length} rows, ${failing} of them before a failure; ${PROMOTION_LIMITS.rowsMin} and ${PROMOTION_LIMITS.failuresMin} are needed to judge it`;
  return null;
}

/** Both parts that training makes by time must have rows of both outcomes. */
function calibrates(train: readonly History[], { calibration, ...settings }: ModelSettings): boolean {
  if (calibration.kind !== "time") return true;
  const steps = Float64Array.from(train.flatMap((piece) => Array.from(piece.steps))).sort();
  const cutStep = steps[Math.floor((1 - calibration.newestShare) * steps.length)] ?? 0;
  const outcomes = (of: readonly History[], from: number): number =>
    new Set(
      knownSpots(of, { ...settings, calibration, rowsMax: Number.MAX_SAFE_INTEGER }, (history, step) =>
        step >= from ? outcomeOf(history, step, { ...settings, calibration }) : null,
      ).map(({ known }) => known),
    ).size;
  return outcomes(train, cutStep) === 2 && outcomes(knownBefore(train, cutStep, settings.horizonSteps), Number.NEGATIVE_INFINITY) === 2;
}

function spanOf(pieces: readonly History[]): { fromStep: number; untilStep: number } {
  let [fromStep, untilStep] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const { steps } of pieces) {
    fromStep = Math.min(fromStep, steps[0] ?? fromStep);
    untilStep = Math.max(untilStep, steps[steps.length - 1] ?? untilStep);
  }
  return pieces.length === 0 ? { fromStep: 0, untilStep: 0 } : { fromStep, untilStep };
}
