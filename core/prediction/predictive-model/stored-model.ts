/** The shape a stored model must have: every number finite, every list bounded, every tree a tree over features that exist. */
import { z } from "zod";
import { TREES_LIMIT } from "./boosting.ts";
import { REGIMES_LIMIT } from "./regimes.ts";
import type { Tree } from "./tree.ts";

const METRICS_MAX = 256;
const FEATURES_MAX = 8_192;
const NODES_MAX = 1_024;
const BLOCKS_MAX = 100_000;

const number = z.number();
const count = z.number().int().nonnegative();
const names = z.array(z.string().max(200));
const numbers = (most: number) => z.array(number).max(most);
const boosting = z.object({
  treesMax: count,
  learningRate: number,
  rowShare: number,
  featureShare: number,
  binsMax: count,
  ensembles: count,
  leavesMax: count,
  depthMax: count,
  shrinkage: number,
  leafWeightMin: number,
});
const window = z.object({ windowsSteps: numbers(16), halfLivesSteps: numbers(16), baselineSteps: count, usesAge: z.boolean() });
const settings = z.object({
  columns: names.max(METRICS_MAX),
  conditions: names.max(METRICS_MAX),
  horizonSteps: number.positive(),
  capSteps: number.positive(),
  features: window,
  failure: boosting,
  life: boosting,
  placesBefore: count,
  rowsMax: count,
  calibration: z.union([z.object({ kind: z.literal("units"), folds: count }), z.object({ kind: z.literal("time"), newestShare: number })]),
  seed: z.number().int(),
});
const linear = z.object({
  loss: z.enum(["squared", "logistic"]),
  places: z.array(count).max(FEATURES_MAX),
  means: numbers(FEATURES_MAX),
  spreads: numbers(FEATURES_MAX),
  coefficients: numbers(FEATURES_MAX),
  intercept: number,
});
const preparation = z.object({
  columns: names.max(METRICS_MAX),
  kept: z.array(count).max(METRICS_MAX),
  conditions: z.array(count).max(METRICS_MAX),
  regimes: z.object({ spreads: numbers(METRICS_MAX), centres: z.array(numbers(METRICS_MAX)).min(1).max(REGIMES_LIMIT) }),
  means: z.array(numbers(METRICS_MAX)).max(REGIMES_LIMIT),
  spreads: z.array(numbers(METRICS_MAX)).max(REGIMES_LIMIT),
  fused: linear,
});
const tree = z
  .object({
    feature: z.array(z.number().int().min(-1).max(FEATURES_MAX)).min(1).max(NODES_MAX),
    threshold: numbers(NODES_MAX),
    gapsGoLeft: z.array(z.boolean()),
    left: z.array(z.number().int()),
    right: z.array(z.number().int()),
    value: numbers(NODES_MAX),
  })
  .refine(isTree, "a tree's nodes do not lead to leaves");
const trees = z.object({
  loss: z.enum(["squared", "logistic"]),
  base: number,
  learningRate: number,
  trees: z.array(tree).max(TREES_LIMIT),
  importance: numbers(FEATURES_MAX),
});
const calibration = z.union([
  z.object({ kind: z.literal("as it is") }),
  z.object({ kind: z.literal("Platt"), slope: number, intercept: number }),
  z.object({
    kind: z.literal("isotonic"),
    blocks: z.array(z.object({ from: number, to: number, probability: number.min(0).max(1) })).max(BLOCKS_MAX),
  }),
]);
const reference = z.object({
  rows: count,
  features: z.array(z.object({ name: z.string().max(400), importance: number, edges: numbers(64), shares: numbers(66) })).max(FEATURES_MAX),
});
const evaluation = z.object({
  brier: number,
  brierBaseRate: number,
  brierBestBaseline: number,
  calibrationError: number,
  rows: count,
  failures: count,
});
const model = z
  .object({
    settings,
    rows: count,
    units: count,
    failures: count,
    preparation,
    features: window.extend({ metrics: names.max(METRICS_MAX) }),
    failure: z.object({ trees, linear }),
    life: trees,
    calibration,
    brierByCalibration: z.object({ "as it is": number, Platt: number, isotonic: number }),
    level: number,
    reference,
  })
  .refine(
    ({ failure, life, reference: { features } }) =>
      [failure.trees, life].every((of) => usesOnly(of.trees, features.length)) && failure.linear.places.every((at) => at < features.length),
    "it asks for a feature that does not exist",
  );

export const StoredModel = z.object({ model, trainedAtMs: number, trainedFromMs: number, trainedUntilMs: number, evaluation: evaluation.nullable() });

/** Children come after their parent, so every path ends. */
function isTree({ feature, threshold, gapsGoLeft, left, right, value }: Tree): boolean {
  const nodes = feature.length;
  if ([threshold, gapsGoLeft, left, right, value].some(({ length }) => length !== nodes)) return false;
  const isLater = (child: number | undefined, node: number): boolean => child !== undefined && child > node && child < nodes;
  return feature.every((cut, node) => cut < 0 || (isLater(left[node], node) && isLater(right[node], node)));
}

function usesOnly(all: readonly Tree[], features: number): boolean {
  return all.every(({ feature }) => feature.every((cut) => cut < features));
}
