/**
 * What a model must beat, learned from the same rows: the base rate, the last values alone, thresholds on them, and logistic regression, on all
 * features and on those that the model's own linear half reads. None is held back: each gives probabilities and is fitted by the same rules as the model.
 */
import type { Matrix } from "./bins.ts";
import { calibrated, fitIsotonic } from "./calibration.ts";
import { LINEAR } from "./failure-score.ts";
import type { Spot } from "./features.ts";
import type { History } from "./history.ts";
import { fitLinear, linearScore } from "./linear.ts";
import { type PredictiveModel, probabilityOf, viewOf } from "./predictive-model.ts";
import { FUSED } from "./preparation.ts";
import { knownSpots, outcomeOf } from "./training.ts";

export const BASELINES = ["base rate", "last values", "thresholds", "logistic regression", "logistic regression on levels"] as const;
export type BaselineName = (typeof BASELINES)[number];
export type Baseline = { readonly name: BaselineName; probabilityAt(view: Matrix, row: number): number };

/** Rows' worth of pull to zero a coefficient; chosen, like the model's own settings, on a split that no figure is reported on. */
const PENALTY_ROWS = 30;
const LAST = ": last";

/** `histories` are those the model was trained on. */
export function learnBaselines(model: PredictiveModel, histories: readonly History[]): Baseline[] {
  const spots: readonly (Spot & { known: number })[] = knownSpots(histories, model.settings, (history, step) =>
    outcomeOf(history, step, model.settings),
  );
  const view = viewOf(model, histories, spots);
  const outcomes = Float64Array.from(spots, ({ known }) => known);
  const rate = (outcomes.reduce((sum, outcome) => sum + outcome, 0) + 0.5) / (outcomes.length + 1);
  const lastValues = fitLinear(
    view,
    outcomes,
    LINEAR,
    view.names.flatMap((name, at) => (name.endsWith(LAST) ? [at] : [])),
  );
  const everything = fitLinear(view, outcomes, { ...LINEAR, penaltyRows: PENALTY_ROWS });
  const crossed = fitIsotonic({ scores: Float64Array.from(outcomes, (_, row) => furthest(view, row)), outcomes });
  return [
    { name: "base rate", probabilityAt: () => rate },
    { name: "last values", probabilityAt: (of, row) => probabilityOf(linearScore(lastValues, of.columns, row), { kind: "as it is" }) },
    { name: "thresholds", probabilityAt: (of, row) => calibrated(furthest(of, row), crossed) },
    { name: "logistic regression", probabilityAt: (of, row) => probabilityOf(linearScore(everything, of.columns, row), { kind: "as it is" }) },
    {
      name: "logistic regression on levels",
      probabilityAt: (of, row) => probabilityOf(linearScore(model.failure.linear, of.columns, row), { kind: "as it is" }),
    },
  ];
}

/** The largest distance of any metric's last value from its mean, in spreads: the threshold at which the first alarm would ring. */
function furthest({ names, columns }: Matrix, row: number): number {
  let most = 0;
  for (let at = 0; at < names.length; at += 1) {
    const value = (columns[at] as Float64Array)[row] as number;
    if (names[at]?.endsWith(LAST) && !names[at]?.startsWith(FUSED) && Math.abs(value) > most) most = Math.abs(value);
  }
  return most;
}
