/** The settings a model is trained with where a fleet says nothing else; chosen on a split of run-to-failure data that no figure is reported on. */
import type { ModelSettings } from "./predictive-model.ts";

const TREES = {
  treesMax: 200,
  learningRate: 0.05,
  rowShare: 0.3,
  featureShare: 0.3,
  binsMax: 64,
  ensembles: 1,
  leavesMax: 16,
  depthMax: 6,
  shrinkage: 10,
} as const;

export const DEFAULT_SETTINGS: Omit<ModelSettings, "columns" | "conditions" | "horizonSteps" | "capSteps"> = {
  features: { windowsSteps: [10, 30], halfLivesSteps: [2, 5, 15], baselineSteps: 20, usesAge: true },
  failure: { ...TREES, rowShare: 0.5, leavesMax: 8, shrinkage: 1, leafWeightMin: 3 },
  life: { ...TREES, featureShare: 0.5, leafWeightMin: 30 },
  placesBefore: 4,
  rowsMax: 11_000,
  calibration: { kind: "units", folds: 3 },
  seed: 1,
};
