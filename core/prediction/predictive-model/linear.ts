/**
 * Linear models on standardised features: ridge regression, and logistic regression by Newton's steps (iteratively reweighted least squares).
 * Both are bounded, both are drawn towards zero by a penalty, and a gap counts as the training rows' mean.
 */
import type { Matrix } from "./bins.ts";
import { type Loss, sigmoid } from "./boosting.ts";

export type LinearSettings = {
  readonly loss: Loss;
  /** Added per standardised coefficient, as so many rows. */
  readonly penaltyRows: number;
  readonly iterationsMax: number;
};
export type LinearModel = {
  readonly loss: Loss;
  readonly means: readonly number[];
  readonly spreads: readonly number[];
  readonly coefficients: readonly number[];
  readonly intercept: number;
};

/** A step smaller than this in every coefficient ends the search. */
const STEP_MIN = 1e-6;
/** Standardised values beyond this are measurement faults; in a linear model one would decide alone. */
const STANDARD_MAX = 8;
const CURVATURE_MIN = 1e-6;

export function fitLinear(matrix: Matrix, targets: Float64Array, weights: Float64Array | null, settings: LinearSettings): LinearModel {
  const { means, spreads } = standardsOf(matrix);
  const width = matrix.columns.length;
  const rows = standardisedRows(matrix, means, spreads);
  const beta = new Float64Array(width + 1);
  const iterations = settings.loss === "squared" ? 1 : settings.iterationsMax;
  for (let iteration = 0; iteration < iterations; iteration += 1) {
    const normal = new Float64Array((width + 1) ** 2);
    const gradient = new Float64Array(width + 1);
    for (let row = 0; row < matrix.rows; row += 1) addRow(rows.subarray(row * (width + 1), (row + 1) * (width + 1)), row, normal, gradient);
    for (let at = 0; at < width; at += 1) {
      normal[at * (width + 2)] = (normal[at * (width + 2)] as number) + settings.penaltyRows;
      gradient[at] = (gradient[at] as number) - settings.penaltyRows * (beta[at] as number);
    }
    normal[width * (width + 2)] = (normal[width * (width + 2)] as number) + CURVATURE_MIN;
    const step = solvePositive(normal, gradient);
    for (let at = 0; at <= width; at += 1) beta[at] = (beta[at] as number) + (step[at] as number);
    if (step.every((each) => Math.abs(each) < STEP_MIN)) break;
  }
  return { loss: settings.loss, means, spreads, coefficients: [...beta.subarray(0, width)], intercept: beta[width] as number };

  function addRow(values: Float64Array, row: number, normal: Float64Array, gradient: Float64Array): void {
    let score = 0;
    for (let at = 0; at <= width; at += 1) score += (values[at] as number) * (beta[at] as number);
    const said = settings.loss === "squared" ? score : sigmoid(score);
    const weight = weights === null ? 1 : (weights[row] as number);
    const curvature = weight * (settings.loss === "squared" ? 1 : Math.max(CURVATURE_MIN, said * (1 - said)));
    const error = weight * ((targets[row] as number) - said);
    for (let at = 0; at <= width; at += 1) {
      const value = values[at] as number;
      gradient[at] = (gradient[at] as number) + error * value;
      const scaled = curvature * value;
      const base = at * (width + 1);
      for (let other = 0; other <= at; other += 1) normal[base + other] = (normal[base + other] as number) + scaled * (values[other] as number);
    }
  }
}

/** The target's unit for squared loss, log-odds for logistic. */
export function linearScore({ means, spreads, coefficients, intercept }: LinearModel, columns: readonly Float64Array[], row: number): number {
  let sum = intercept;
  for (let at = 0; at < coefficients.length; at += 1)
    sum += (coefficients[at] as number) * standard((columns[at] as Float64Array)[row] as number, means[at] as number, spreads[at] as number);
  return sum;
}

function standard(value: number, mean: number, spread: number): number {
  if (Number.isNaN(value) || spread === 0) return 0;
  return Math.max(-STANDARD_MAX, Math.min(STANDARD_MAX, (value - mean) / spread));
}

function standardsOf({ columns }: Matrix): { means: number[]; spreads: number[] } {
  const [means, spreads]: [number[], number[]] = [[], []];
  for (const column of columns) {
    const measured = column.filter((value) => !Number.isNaN(value));
    const mean = measured.reduce((sum, value) => sum + value, 0) / Math.max(1, measured.length);
    const spread = Math.sqrt(measured.reduce((sum, value) => sum + (value - mean) ** 2, 0) / Math.max(1, measured.length));
    means.push(mean);
    // A column that does not vary says nothing.
    spreads.push(spread > 1e-9 * Math.max(1, Math.abs(mean)) ? spread : 0);
  }
  return { means, spreads };
}

/** Row after row, each ending with the intercept's 1. */
function standardisedRows({ rows, columns }: Matrix, means: readonly number[], spreads: readonly number[]): Float64Array {
  const width = columns.length + 1;
  const all = new Float64Array(rows * width);
  columns.forEach((column, at) => {
    for (let row = 0; row < rows; row += 1) all[row * width + at] = standard(column[row] as number, means[at] as number, spreads[at] as number);
  });
  for (let row = 0; row < rows; row += 1) all[row * width + width - 1] = 1;
  return all;
}

/** Solves a symmetric positive system given by its lower triangle, which is overwritten (Cholesky). */
function solvePositive(lower: Float64Array, right: Float64Array): Float64Array {
  const size = right.length;
  for (let row = 0; row < size; row += 1) {
    for (let column = 0; column <= row; column += 1) {
      let sum = lower[row * size + column] as number;
      for (let at = 0; at < column; at += 1) sum -= (lower[row * size + at] as number) * (lower[column * size + at] as number);
      lower[row * size + column] = row === column ? Math.sqrt(Math.max(1e-12, sum)) : sum / (lower[column * size + column] as number);
    }
  }
  const found = Float64Array.from(right);
  for (let row = 0; row < size; row += 1) {
    for (let at = 0; at < row; at += 1) found[row] = (found[row] as number) - (lower[row * size + at] as number) * (found[at] as number);
    found[row] = (found[row] as number) / (lower[row * size + row] as number);
  }
  for (let row = size - 1; row >= 0; row -= 1) {
    for (let at = row + 1; at < size; at += 1) found[row] = (found[row] as number) - (lower[at * size + row] as number) * (found[at] as number);
    found[row] = (found[row] as number) / (lower[row * size + row] as number);
  }
  return found;
}
