/** A model and its baselines on lives neither was trained on, row by row: what the gate, a promotion and the published figures are made from. */
import { BASELINES, type Baseline, type BaselineName } from "./baselines.ts";
import { brierScore, calibrationError, type ScoredRow } from "./evaluation.ts";
import type { Spot } from "./features.ts";
import type { HeldOutEvaluation } from "./gate.ts";
import type { History } from "./history.ts";
import { type PredictiveModel, predictRow, viewOf } from "./predictive-model.ts";
import { outcomeOf } from "./training.ts";

export type TrialRow = ScoredRow & { readonly remainingSteps: number; readonly baselines: Readonly<Record<BaselineName, number>> };

/** Every place from a step on: the newest weeks, which a model trained on what was known before has not seen. */
export function spotsFrom(histories: readonly History[], fromStep: number): Spot[] {
  return histories.flatMap(({ steps }, history) =>
    Array.from(steps, (step, place) => ({ history, place, step })).filter(({ step }) => step >= fromStep),
  );
}

/** Spots whose outcome nobody knows yet are left out. */
export function tryModel(model: PredictiveModel, baselines: readonly Baseline[], histories: readonly History[], spots: readonly Spot[]): TrialRow[] {
  const view = viewOf(model, histories, spots);
  return spots.flatMap((spot, row) => {
    const history = histories[spot.history] as History;
    const step = history.steps[spot.place] as number;
    const outcome = outcomeOf(history, step, model.settings);
    if (outcome === null) return [];
    const said = Object.fromEntries(baselines.map(({ name, probabilityAt }) => [name, probabilityAt(view, row)])) as Record<BaselineName, number>;
    const stepsToFailure = history.failedAtStep === null ? null : history.failedAtStep - step;
    return [{ unit: history.unit, step, fails: outcome === 1, stepsToFailure, ...predictRow(model, view, row), baselines: said }];
  });
}

/** The rows as a baseline would have scored them. */
export function rowsOfBaseline(rows: readonly TrialRow[], name: BaselineName): ScoredRow[] {
  return rows.map(({ unit, step, fails, stepsToFailure, baselines }) => ({ unit, step, fails, stepsToFailure, probability: baselines[name] }));
}

export function evaluationOf(rows: readonly TrialRow[]): HeldOutEvaluation {
  const others = BASELINES.filter((name) => name !== "base rate").map((name) => brierScore(rowsOfBaseline(rows, name)));
  return {
    brier: brierScore(rows),
    brierBaseRate: brierScore(rowsOfBaseline(rows, "base rate")),
    brierBestBaseline: Math.min(...others),
    calibrationError: calibrationError(rows),
    rows: rows.length,
    failures: new Set(rows.filter(({ fails }) => fails).map(({ unit }) => unit)).size,
  };
}
