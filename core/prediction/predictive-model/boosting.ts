/**
 * Gradient-boosted trees with second-order steps (Friedman, Annals of Statistics 29, 2001; Chen and Guestrin, "XGBoost", KDD 2016): each tree
 * is grown on a seeded part of rows and features and corrects those before it. The same rows, settings and seed give the same trees.
 */
import { binColumn, type Matrix } from "./bins.ts";
import { type Chance, chanceOf, shuffled } from "./chance.ts";
import type { Derivatives } from "./histogram.ts";
import { growTree, leafValue, type Tree, type TreeLimits } from "./tree.ts";

export type Loss = "squared" | "logistic";
export type BoostingSettings = TreeLimits & {
  readonly loss: Loss;
  readonly treesMax: number;
  /** The share of each tree's word that is taken. */
  readonly learningRate: number;
  readonly rowShare: number;
  readonly featureShare: number;
  readonly binsMax: number;
  readonly ensembles: number;
  readonly seed: number;
};
export type BoostedTrees = {
  readonly loss: Loss;
  readonly base: number;
  readonly learningRate: number;
  readonly trees: readonly Tree[];
  /** The share of all gain that came of each feature. */
  readonly importance: readonly number[];
};

export const TREES_LIMIT = 2_000;
const SIGMOID_MAX = 35;
const CURVATURE_MIN = 1e-9;

/**
 * `targets` in any unit for squared loss, 0 or 1 for logistic. Several `ensembles` are grown on
 * their own chances and averaged: steadier than one, and still one list of trees.
 */
export function boostTrees(matrix: Matrix, targets: Float64Array, settings: BoostingSettings): BoostedTrees {
  const binned = matrix.columns.map((column) => binColumn(column, settings.binsMax));
  const base = baseOf(targets, settings.loss);
  const gains = new Float64Array(matrix.columns.length);
  const trees: Tree[] = [];
  const ensembles = Math.max(1, settings.ensembles);
  const rounds = Math.min(settings.treesMax, Math.floor(TREES_LIMIT / ensembles));
  for (let ensemble = 0; ensemble < ensembles; ensemble += 1) boostOnce(chanceOf(settings.seed + ensemble));
  const whole = gains.reduce((sum, gain) => sum + gain, 0);
  return {
    loss: settings.loss,
    base,
    learningRate: settings.learningRate / ensembles,
    trees,
    importance: [...gains].map((gain) => (whole > 0 ? gain / whole : 0)),
  };

  function boostOnce(chance: Chance): void {
    const scores = new Float64Array(matrix.rows).fill(base);
    const derivatives = { first: new Float64Array(matrix.rows), second: new Float64Array(matrix.rows) };
    for (let round = 0; round < rounds; round += 1) {
      derive(scores, targets, settings.loss, derivatives);
      const features = someFeatures(binned.length, settings.featureShare, chance);
      const tree = growTree(binned, features, someRows(matrix.rows, settings.rowShare, chance), derivatives, settings, gains);
      if (tree.value.length === 1) continue;
      trees.push(tree);
      for (let row = 0; row < matrix.rows; row += 1)
        scores[row] = (scores[row] as number) + settings.learningRate * leafValue(tree, matrix.columns, row);
    }
  }
}

function derive(scores: Float64Array, targets: Float64Array, loss: Loss, { first, second }: Derivatives): void {
  for (let row = 0; row < scores.length; row += 1) {
    const said = loss === "squared" ? (scores[row] as number) : sigmoid(scores[row] as number);
    first[row] = said - (targets[row] as number);
    second[row] = loss === "squared" ? 1 : Math.max(CURVATURE_MIN, said * (1 - said));
  }
}

/** The target's unit for squared loss, log-odds for logistic. */
export function scoreOf({ base, learningRate, trees }: BoostedTrees, columns: readonly Float64Array[], row: number): number {
  let sum = 0;
  for (const tree of trees) sum += leafValue(tree, columns, row);
  return base + learningRate * sum;
}

export function sigmoid(score: number): number {
  return 1 / (1 + Math.exp(-Math.max(-SIGMOID_MAX, Math.min(SIGMOID_MAX, score))));
}

function baseOf(targets: Float64Array, loss: Loss): number {
  const sum = targets.reduce((whole, target) => whole + target, 0);
  if (loss === "squared") return sum / Math.max(1, targets.length);
  // As if one of each outcome had been seen besides, in half a row: a training set without failures has no infinite odds.
  const share = (sum + 0.5) / (targets.length + 1);
  return Math.log(share / (1 - share));
}

function someRows(rows: number, share: number, chance: Chance): Int32Array {
  const chosen = new Int32Array(rows);
  let count = 0;
  for (let row = 0; row < rows; row += 1) if (share >= 1 || chance.next() < share) chosen[count++] = row;
  return chosen.subarray(0, count);
}

function someFeatures(features: number, share: number, chance: Chance): Int32Array {
  const every = Array.from({ length: features }, (_, feature) => feature);
  if (share >= 1) return Int32Array.from(every);
  return Int32Array.from(shuffled(every, chance).slice(0, Math.max(1, Math.round(share * features)))).sort();
}
