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
  /** The matrix's columns that it reads, in the coefficients' order. */
  readonly places: readonly number[];
  readonly means: readonly number[];
  readonly spreads: readonly number[];
  readonly coefficients: readonly number[];
  readonly intercept: number;
};

/** A step smaller than this in every standardised coefficient ends the search: it would move no probability by more than a thousandth. */
const STEP_MIN = 1e-3;
/** Standardised values beyond this are measurement faults; in a linear model one would decide alone. */
const STANDARD_MAX = 8;
const CURVATURE_MIN = 1e-6;
/** Neighbouring rows of one life resemble each other: for some hundred coefficients so many are plenty. */
const ROWS_MAX = 8_000;
const BLOCK = 4;

/** Reads the columns at `places`, all of them by default. */
export function fitLinear(
  matrix: Matrix,
  targets: Float64Array,
  settings: LinearSettings,
  places: readonly number[] = matrix.columns.map((_, at) => at),
): LinearModel {
  const columns = places.map((at) => matrix.columns[at] as Float64Array);
  const { means, spreads } = standardsOf(columns);
  const width = columns.length;
  const rows = standardisedRows(columns, matrix.rows, means, spreads);
  const beta = new Float64Array(width + 1);
  const iterations = settings.loss === "squared" ? 1 : settings.iterationsMax;
  for (let iteration = 0; iteration < iterations; iteration += 1) {
    const normal = new Float64Array((width + 1) ** 2);
    const gradient = new Float64Array(width + 1);
    for (let row = 0; row < rows.count; row += BLOCK) addRows(row, normal, gradient);
    for (let at = 0; at < width; at += 1) {
      normal[at * (width + 2)] = (normal[at * (width + 2)] as number) + settings.penaltyRows;
      gradient[at] = (gradient[at] as number) - settings.penaltyRows * (beta[at] as number);
    }
    normal[width * (width + 2)] = (normal[width * (width + 2)] as number) + CURVATURE_MIN;
    const step = solvePositive(normal, gradient);
    for (let at = 0; at <= width; at += 1) beta[at] = (beta[at] as number) + (step[at] as number);
    if (step.every((each) => Math.abs(each) < STEP_MIN)) break;
  }
  return { loss: settings.loss, places, means, spreads, coefficients: [...beta.subarray(0, width)], intercept: beta[width] as number };

  /** Four rows at once: the normal matrix is read and written a quarter as often. */
  function addRows(row: number, normal: Float64Array, gradient: Float64Array): void {
    const [size, values] = [width + 1, rows.values];
    const [a, b, c, d] = [row * size, (row + 1) * size, (row + 2) * size, (row + 3) * size];
    const [ka, ea] = weigh(row, a);
    const [kb, eb] = weigh(row + 1, b);
    const [kc, ec] = weigh(row + 2, c);
    const [kd, ed] = weigh(row + 3, d);
    for (let at = 0; at < size; at += 1) {
      const [va, vb, vc, vd] = [values[a + at] as number, values[b + at] as number, values[c + at] as number, values[d + at] as number];
      gradient[at] = (gradient[at] as number) + ea * va + eb * vb + ec * vc + ed * vd;
      const [sa, sb, sc, sd] = [ka * va, kb * vb, kc * vc, kd * vd];
      const base = at * size;
      for (let other = 0; other <= at; other += 1)
        normal[base + other] =
          (normal[base + other] as number) +
          sa * (values[a + other] as number) +
          sb * (values[b + other] as number) +
          sc * (values[c + other] as number) +
          sd * (values[d + other] as number);
    }
  }

  /** The row's curvature and error at the coefficients of now. */
  function weigh(row: number, from: number): [number, number] {
    let score = 0;
    for (let at = 0; at <= width; at += 1) score += (rows.values[from + at] as number) * (beta[at] as number);
    const said = settings.loss === "squared" ? score : sigmoid(score);
    return [settings.loss === "squared" ? 1 : Math.max(CURVATURE_MIN, said * (1 - said)), (targets[rows.source(row)] ?? 0) - said];
  }
}

/** The target's unit for squared loss, log-odds for logistic. */
export function linearScore(model: LinearModel, columns: readonly Float64Array[], row: number): number {
  let sum = model.intercept;
  for (let at = 0; at < model.places.length; at += 1)
    sum += linearPart(model, at, (columns[model.places[at] as number] as Float64Array)[row] as number);
  return sum;
}

/** What the coefficient at `at` adds to the score. */
export function linearPart({ means, spreads, coefficients }: LinearModel, at: number, value: number): number {
  return (coefficients[at] as number) * standard(value, means[at] as number, spreads[at] as number);
}

function standard(value: number, mean: number, spread: number): number {
  if (Number.isNaN(value) || spread === 0) return 0;
  return Math.max(-STANDARD_MAX, Math.min(STANDARD_MAX, (value - mean) / spread));
}

function standardsOf(columns: readonly Float64Array[]): { means: number[]; spreads: number[] } {
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

/** Row after row, each ending with the intercept's 1, evenly thinned to the limit and filled to whole blocks with rows of zeros, which add nothing. */
function standardisedRows(columns: readonly Float64Array[], all: number, means: readonly number[], spreads: readonly number[]) {
  const stride = Math.max(1, Math.ceil(all / ROWS_MAX));
  const kept = Math.ceil(all / stride);
  const count = Math.ceil(kept / BLOCK) * BLOCK;
  const width = columns.length + 1;
  const values = new Float64Array(count * width);
  columns.forEach((column, at) => {
    for (let row = 0; row < kept; row += 1)
      values[row * width + at] = standard(column[row * stride] as number, means[at] as number, spreads[at] as number);
  });
  for (let row = 0; row < kept; row += 1) values[row * width + width - 1] = 1;
  return { count, values, source: (row: number): number => row * stride };
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
