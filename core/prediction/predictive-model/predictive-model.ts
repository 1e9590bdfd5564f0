/**
 * The model of a unit's failure, and what it says of a unit at one step: the probability that it fails within the horizon, calibrated on lives the
 * model had not seen, and the steps that remain. Training is in training.ts, its file in model-file.ts.
 */
import type { Matrix } from "./bins.ts";
import { type BoostedTrees, type BoostingSettings, scoreOf } from "./boosting.ts";
import { type Calibration, calibrated } from "./calibration.ts";
import type { DriftReference } from "./drift.ts";
import { type Contribution, explainProbability } from "./explanation.ts";
import { contributionsTo, type FailureScore, failureScore } from "./failure-score.ts";
import { type FeatureSettings, featuresOf, type Spot } from "./features.ts";
import type { History } from "./history.ts";
import { type Preparation, prepare } from "./preparation.ts";

export type ModelSettings = {
  /** Names of a history's columns, in their order, and which of them are conditions. */
  readonly columns: readonly string[];
  readonly conditions: readonly string[];
  readonly horizonSteps: number;
  /** Remaining life beyond this is all one: nothing shows it yet. */
  readonly capSteps: number;
  readonly features: Omit<FeatureSettings, "metrics">;
  readonly failure: Omit<BoostingSettings, "loss" | "seed">;
  readonly life: Omit<BoostingSettings, "loss" | "seed">;
  /** A life's first rows tell too little. */
  readonly placesBefore: number;
  /** Evenly thinned beyond this. */
  readonly rowsMax: number;
  /** Rows that calibrate: whole units in turn, or the newest share of time after an embargo of one horizon. */
  readonly calibration: { readonly kind: "units"; readonly folds: number } | { readonly kind: "time"; readonly newestShare: number };
  readonly seed: number;
};
export type PredictiveModel = {
  readonly settings: ModelSettings;
  readonly rows: number;
  readonly units: number;
  readonly failures: number;
  readonly preparation: Preparation;
  readonly features: FeatureSettings;
  readonly failure: FailureScore;
  readonly life: BoostedTrees;
  readonly calibration: Calibration;
  readonly brierByCalibration: Readonly<Record<Calibration["kind"], number>>;
  /** The probability from which a warning is worth it: best F1 on the calibrating rows. */
  readonly level: number;
  readonly reference: DriftReference;
};
export type Prediction = {
  /** That it fails within `settings.horizonSteps`; never quite 0 or 1. */
  readonly probability: number;
  /** From 0 to `settings.capSteps`. */
  readonly remainingSteps: number;
};

/** A model that has seen so few lives does not know what never happens. */
const PROBABILITY_MIN = 0.001;

/** The features at the spots, as the model reads them; for drift and for explanations. */
export function viewOf({ preparation, features }: PredictiveModel, histories: readonly History[], spots: readonly Spot[]): Matrix {
  return featuresOf(
    histories.map((history) => prepare(history, preparation)),
    spots,
    features,
  );
}

export function predictRow(model: PredictiveModel, view: Matrix, row: number): Prediction {
  const life = scoreOf(model.life, view.columns, row);
  return {
    probability: probabilityOf(failureScore(model.failure, view.columns, row), model.calibration),
    remainingSteps: Math.max(0, Math.min(model.settings.capSteps, life)),
  };
}

/** Log-odds to a calibrated probability. */
export function probabilityOf(score: number, calibration: Calibration): number {
  return Math.max(PROBABILITY_MIN, Math.min(1 - PROBABILITY_MIN, calibrated(score, calibration)));
}

/** At the newest step of one history, with its reason in words. */
export function predictNow(
  model: PredictiveModel,
  history: History,
): Prediction & { readonly contributions: readonly Contribution[]; readonly gapsShare: number; readonly reason: string } {
  const view = viewOf(model, [history], [{ history: 0, place: history.steps.length - 1 }]);
  const values = view.columns.map((column) => column[0] as number);
  const prediction = predictRow(model, view, 0);
  const { contributions } = contributionsTo(model.failure, view.names, values);
  const gapsShare = values.filter(Number.isNaN).length / Math.max(1, values.length);
  return { ...prediction, contributions, gapsShare, reason: explainProbability(prediction.probability, contributions) };
}
