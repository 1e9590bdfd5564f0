/**
 * Each step is a linear mix of the newest steps and of the steps around one, two and three days and one week before it; the mix is
 * fitted by ridge regression that is pulled towards "as a day ago", so a short history forecasts like the seasonal baseline and a long
 * one as it has learned. The calibration step of Doornik, Castle and Hendry ("Card forecasts for M4", International Journal of
 * Forecasting 2020) is a seasonal autoregression of this kind.
 */
import { at, type History } from "./history.ts";
import { addRow, beginEquations, solveRidge } from "./ridge-regression.ts";
import type { Seasons } from "./seasonality.ts";

/** Per unit of standardised squares: only directions that the series never takes are decided by it. */
const PENALTY = 1e-5;
/** A lag above this share of the history would leave too few rows. */
const LAG_SHARE_MAX = 0.6;
/** Fewer rows than this for each coefficient fit noise. */
const ROWS_PER_COEFFICIENT_MIN = 2;

/** "week" mixes up to a week back, "day" up to four days. */
export type Reach = "week" | "day";

export function forecastAutoregression(history: History, horizonSteps: number, seasons: Seasons, reach: Reach): Float64Array | null {
  const lags = fittingLags(lagsOf(seasons, reach), history.values.length);
  if (lags.length === 0) return null;
  const { standard, mean, spread } = standardise(history);
  const coefficients = fitMix(standard, history, lags, guessOf(lags, seasons));
  return extend(standard, horizonSteps, lags, coefficients).map((value) => mean + spread * value);
}

function lagsOf({ daySteps: day, weekSteps: week }: Seasons, reach: Reach): number[] {
  if (day === null) return [1, 2, 3];
  const days = [1, 2, 3, day - 1, day, day + 1, 2 * day - 1, 2 * day, 2 * day + 1, 3 * day];
  if (reach === "day") return [...days, 3 * day + 1, 4 * day];
  return week === null ? days : [...days, week - 1, week, week + 1];
}

function fittingLags(lags: readonly number[], points: number): number[] {
  const fitting = [...new Set(lags)].filter((lag) => lag > 0 && lag <= LAG_SHARE_MAX * points).toSorted((left, right) => left - right);
  while (fitting.length > 0 && points - (fitting.at(-1) ?? 0) < ROWS_PER_COEFFICIENT_MIN * (fitting.length + 1)) fitting.pop();
  return fitting;
}

function guessOf(lags: readonly number[], { daySteps }: Seasons): Float64Array {
  const guess = new Float64Array(lags.length + 1);
  const place = lags.indexOf(daySteps ?? 1);
  if (place >= 0) guess[place] = 1;
  return guess;
}

function standardise({ values }: History): { standard: Float64Array; mean: number; spread: number } {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const spread = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length) || 1;
  return { standard: values.map((value) => (value - mean) / spread), mean, spread };
}

function fitMix(standard: Float64Array, { observed }: History, lags: readonly number[], guess: Float64Array): Float64Array {
  const equations = beginEquations(lags.length + 1);
  const row = new Float64Array(lags.length + 1);
  row[lags.length] = 1;
  for (let step = at(lags, lags.length - 1); step < standard.length; step += 1) {
    if (at(observed, step) === 0) continue;
    for (let place = 0; place < lags.length; place += 1) row[place] = at(standard, step - at(lags, place));
    addRow(equations, row, at(standard, step), 1);
    equations.weight += 1;
  }
  return solveRidge(equations, PENALTY, guess);
}

/** Step by step on its own forecasts, never further outside of what was seen than what was seen is wide. */
function extend(standard: Float64Array, horizonSteps: number, lags: readonly number[], coefficients: Float64Array): Float64Array {
  const points = standard.length;
  const known = new Float64Array(points + horizonSteps);
  known.set(standard);
  const least = standard.reduce((low, value) => Math.min(low, value), Number.POSITIVE_INFINITY);
  const most = standard.reduce((high, value) => Math.max(high, value), Number.NEGATIVE_INFINITY);
  for (let step = points; step < points + horizonSteps; step += 1) {
    let sum = at(coefficients, lags.length);
    for (let place = 0; place < lags.length; place += 1) sum += at(coefficients, place) * at(known, step - at(lags, place));
    known[step] = Math.min(2 * most - least, Math.max(2 * least - most, sum));
  }
  return known.subarray(points);
}
