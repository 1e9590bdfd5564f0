/**
 * The score of a failure: boosted trees for bends and thresholds, logistic regression on levels and changes for steady trends, averaged in log-odds.
 * Two models that err differently are steadier than the better of them (Bates and Granger, Operational Research Quarterly 20, 1969).
 */
import type { Matrix } from "./bins.ts";
import { type BoostedTrees, type BoostingSettings, boostTrees, scoreOf } from "./boosting.ts";
import { type Contribution, treeContributions } from "./explanation.ts";
import { isLevel } from "./features.ts";
import { fitLinear, type LinearModel, linearPart, linearScore } from "./linear.ts";

export type FailureScore = { readonly trees: BoostedTrees; readonly linear: LinearModel };

/** Chosen, like the trees' settings, on a split that no figure is reported on. */
export const LINEAR = { loss: "logistic", penaltyRows: 5, iterationsMax: 10 } as const;

export function learnFailureScore(matrix: Matrix, outcomes: Float64Array, settings: BoostingSettings): FailureScore {
  return {
    trees: boostTrees(matrix, outcomes, settings),
    linear: fitLinear(
      matrix,
      outcomes,
      LINEAR,
      matrix.names.flatMap((name, at) => (isLevel(name) ? [at] : [])),
    ),
  };
}

/** Log-odds, not yet calibrated. */
export function failureScore({ trees, linear }: FailureScore, columns: readonly Float64Array[], row: number): number {
  return (scoreOf(trees, columns, row) + linearScore(linear, columns, row)) / 2;
}

/** What each feature adds to the score, the strongest first; with the base they add up to it. */
export function contributionsTo(
  { trees, linear }: FailureScore,
  names: readonly string[],
  values: ArrayLike<number>,
): { base: number; contributions: Contribution[] } {
  const { base, amounts } = treeContributions(trees, values, names.length);
  linear.places.forEach((place, at) => {
    amounts[place] = (amounts[place] as number) + linearPart(linear, at, values[place] as number);
  });
  const contributions = names.flatMap((feature, at) =>
    amounts[at] === 0 ? [] : [{ feature, value: values[at] as number, amount: (amounts[at] as number) / 2 }],
  );
  return {
    base: (base + linear.intercept) / 2,
    contributions: contributions.toSorted((left, right) => Math.abs(right.amount) - Math.abs(left.amount)),
  };
}
