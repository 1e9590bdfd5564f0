/**
 * Where demand goes from its level, learned online by recursive least squares with forgetting (Haykin, "Adaptive Filter Theory", ch. 10).
 * Errors are clipped before they are learned from, so that a burst does not become a habit.
 */
export type Drift = { readonly weights: readonly number[]; readonly covariance: readonly (readonly number[])[] };

/** Forgets over a week: 10,000 minutes. */
const KEEP = 0.9999;
const ERROR_MAX = 0.3;
const MOVE_MAX = 0.5;
const START_VARIANCE = 10;
/** A direction that is never seen would let the covariance grow without end. */
const TRACE_MAX = 10_000;

export function startDrift(features: number): Drift {
  const covariance = Array.from({ length: features }, (_, row) =>
    Array.from({ length: features }, (__, column) => (row === column ? START_VARIANCE : 0)),
  );
  return { weights: new Array<number>(features).fill(0), covariance };
}

/** The expected move of the logarithm, never more than a factor of e^0.5 either way. */
export function expectMove({ weights }: Drift, features: readonly number[]): number {
  return Math.max(-MOVE_MAX, Math.min(MOVE_MAX, dot(weights, features)));
}

export function learnMove(drift: Drift, features: readonly number[], moved: number): Drift {
  const gain = drift.covariance.map((row) => dot(row, features));
  const share = 1 / (KEEP + dot(gain, features));
  const error = Math.max(-ERROR_MAX, Math.min(ERROR_MAX, Math.max(-1, Math.min(1, moved)) - dot(drift.weights, features)));
  const weights = drift.weights.map((weight, index) => weight + at(gain, index) * share * error);
  const covariance = drift.covariance.map((row, i) => row.map((cell, j) => (cell - at(gain, i) * at(gain, j) * share) / KEEP));
  const trace = covariance.reduce((sum, row, index) => sum + at(row, index), 0);
  return { weights, covariance: trace > TRACE_MAX ? covariance.map((row) => row.map((cell) => cell / 2)) : covariance };
}

function dot(left: readonly number[], right: readonly number[]): number {
  let sum = 0;
  for (let index = 0; index < left.length; index += 1) sum += at(left, index) * at(right, index);
  return sum;
}

function at(values: readonly number[], index: number): number {
  return values[index] ?? 0;
}
