/**
 * Trains a model on lives. What calibrates was seen by no part of the model that is being calibrated: neither its trees nor the means and spreads
 * that its features are read against. The same histories, settings and seed give the same model.
 */
import type { Matrix } from "./bins.ts";
import { type BoostedTrees, boostTrees } from "./boosting.ts";
import { chooseCalibration } from "./calibration.ts";
import { learnReference } from "./drift.ts";
import { bestLevel } from "./evaluation.ts";
import { type FailureScore, failureScore, learnFailureScore } from "./failure-score.ts";
import { type FeatureSettings, featuresOf, type Spot } from "./features.ts";
import { failsWithin, type History, remainingSteps } from "./history.ts";
import { type ModelSettings, type PredictiveModel, probabilityOf } from "./predictive-model.ts";
import { learnPreparation, type Preparation, prepare, preparedNames } from "./preparation.ts";
import { foldUnits, knownBefore } from "./split.ts";

export function trainModel(histories: readonly History[], settings: ModelSettings): PredictiveModel {
  const rows = partsOf(histories, settings).flatMap((part) => scoreUnseen(part, settings));
  const { calibration, brierByKind } = chooseCalibration({
    scores: Float64Array.from(rows, ({ score }) => score),
    outcomes: Float64Array.from(rows, ({ fails }) => Number(fails)),
    groups: rows.map(({ group }) => group),
  });
  const learned = learnFailure(histories, settings);
  return {
    settings,
    rows: learned.matrix.rows,
    units: new Set(histories.map(({ unit }) => unit)).size,
    failures: histories.filter(({ failedAtStep }) => failedAtStep !== null).length,
    preparation: learned.preparation,
    features: learned.features,
    failure: learned.failure,
    life: learnLife(histories, learned, settings),
    calibration,
    brierByCalibration: brierByKind,
    level: bestLevel(rows.map((row) => ({ ...row, probability: probabilityOf(row.score, calibration) }))),
    reference: learnReference(learned.matrix, learned.failure.trees.importance),
  };
}

type Learned = {
  readonly preparation: Preparation;
  readonly features: FeatureSettings;
  readonly prepared: readonly History[];
  readonly spots: readonly Spot[];
  readonly matrix: Matrix;
  readonly failure: FailureScore;
};

function learnFailure(histories: readonly History[], settings: ModelSettings): Learned {
  const preparation = learnPreparation(histories, settings);
  const prepared = histories.map((history) => prepare(history, preparation));
  const features = { ...settings.features, metrics: preparedNames(preparation) };
  const spots = knownSpots(histories, settings, (history, step) => outcomeOf(history, step, settings));
  const matrix = featuresOf(prepared, spots, features);
  const outcomes = Float64Array.from(spots, ({ known }) => known);
  return {
    preparation,
    features,
    prepared,
    spots,
    matrix,
    failure: learnFailureScore(matrix, outcomes, { ...settings.failure, loss: "logistic", seed: settings.seed }),
  };
}

/** Lives that have not ended teach the failure's probability but not how much was left, so the rows can differ. */
function learnLife(histories: readonly History[], { prepared, spots, matrix, features }: Learned, settings: ModelSettings): BoostedTrees {
  const lifeSpots = knownSpots(histories, settings, (history, step) => remainingSteps(history, step, settings.capSteps));
  const areSame =
    lifeSpots.length === spots.length && lifeSpots.every(({ history, place }, at) => spots[at]?.history === history && spots[at]?.place === place);
  const left = Float64Array.from(lifeSpots, ({ known }) => known);
  return boostTrees(areSame ? matrix : featuresOf(prepared, lifeSpots, features), left, { ...settings.life, loss: "squared", seed: settings.seed });
}

/** 1 when it fails within the horizon, 0 when it does not, null when nobody knows yet. */
export function outcomeOf(history: History, step: number, { horizonSteps }: ModelSettings): number | null {
  const fails = failsWithin(history, step, horizonSteps);
  return fails === null ? null : Number(fails);
}

/** The places whose outcome is known, evenly thinned to `rowsMax`; each life begins its thinning elsewhere, so that no step is always left out. */
export function knownSpots(
  histories: readonly History[],
  { placesBefore, rowsMax }: ModelSettings,
  knownOf: (history: History, step: number) => number | null,
): (Spot & { readonly known: number })[] {
  const every = histories.flatMap((history, which) =>
    Array.from(history.steps).flatMap((step, place) => {
      const known = place < placesBefore ? null : knownOf(history, step);
      return known === null ? [] : [{ history: which, place, known }];
    }),
  );
  const stride = Math.max(1, Math.ceil(every.length / rowsMax));
  return every.filter(({ history, place }) => (place + history) % stride === 0);
}

type Part = { readonly train: readonly History[]; readonly test: readonly History[]; readonly fromStep: number };

/** Whole units in turn, or what was before and what came after a cut in time. */
function partsOf(histories: readonly History[], { calibration, seed, horizonSteps }: ModelSettings): Part[] {
  if (calibration.kind === "units")
    return foldUnits(
      histories.map(({ unit }) => unit),
      calibration.folds,
      seed,
    ).map((held) => ({
      train: histories.filter(({ unit }) => !held.includes(unit)),
      test: histories.filter(({ unit }) => held.includes(unit)),
      fromStep: Number.NEGATIVE_INFINITY,
    }));
  const steps = Float64Array.from(histories.flatMap((history) => Array.from(history.steps))).sort();
  const cutStep = steps[Math.floor((1 - calibration.newestShare) * steps.length)] ?? 0;
  return [{ train: knownBefore(histories, cutStep, horizonSteps), test: histories, fromStep: cutStep }];
}

type UnseenRow = {
  readonly unit: string;
  readonly group: string;
  readonly step: number;
  readonly score: number;
  readonly fails: boolean;
  readonly stepsToFailure: number | null;
};

function scoreUnseen({ train, test, fromStep }: Part, settings: ModelSettings): UnseenRow[] {
  const { preparation, features, failure } = learnFailure(train, settings);
  const spots = knownSpots(test, settings, (history, step) => (step >= fromStep ? outcomeOf(history, step, settings) : null));
  const prepared = test.map((history) => prepare(history, preparation));
  const { columns } = featuresOf(prepared, spots, features);
  return spots.map(({ history, place, known }, row) => {
    const { unit, steps, failedAtStep } = test[history] as History;
    const step = steps[place] as number;
    // Lives of one node and rows of one horizon resemble each other; with whole units held out a unit is one group.
    const group = settings.calibration.kind === "units" ? unit : `${Math.floor(step / Math.max(1, settings.horizonSteps))}`;
    return {
      unit,
      group,
      step,
      score: failureScore(failure, columns, row),
      fails: known === 1,
      stepsToFailure: failedAtStep === null ? null : failedAtStep - step,
    };
  });
}
