/**
 * Quantiles around a baseline. A baseline has nothing fitted, so every pair of points as far apart as it looks back is an error of it: even
 * a short history says how wide its band must be, and says so when it is too short for that.
 */
import { canCalibrate, quantileOf, type Spread } from "./conformal-intervals.ts";
import { at } from "./history.ts";
import { differenceAt, type Seasons } from "./seasonality.ts";

/** Differences looked at for each step, spread over the history. */
const PAIRS_MAX = 256;

/** How many steps a named baseline looks back from the first step it forecasts. */
export function periodOf(name: string, { daySteps, weekSteps }: Seasons): number {
  if (name.endsWith("week")) return weekSteps ?? 1;
  return name.endsWith("day") ? (daySteps ?? 1) : 1;
}

/** For a history without trials: a day ago, if that is nearer than what lies half a horizon back, else the last value. */
export function guessBaseline(series: Float64Array, horizonSteps: number, { daySteps }: Seasons): "naive" | "seasonal naive by day" {
  if (daySteps === null) return "naive";
  const half = Math.max(1, Math.min(Math.ceil(horizonSteps / 2), Math.floor(daySteps / 2)));
  return differenceAt(series, daySteps) < differenceAt(series, half) ? "seasonal naive by day" : "naive";
}

/** For each level, what is added to the baseline at each step; `errorsMin` is the fewest differences of any step. */
export function spreadOfBaseline(series: Float64Array, periodSteps: number, horizonSteps: number, levels: readonly number[]): Spread {
  const offsets = levels.map(() => new Float64Array(horizonSteps));
  let errorsMin = Number.POSITIVE_INFINITY;
  let widest: Float64Array = new Float64Array(0);
  for (let step = 0; step < horizonSteps; step += 1) {
    const lag = Math.ceil((step + 1) / periodSteps) * periodSteps;
    const found = differencesAt(series, lag);
    errorsMin = Math.min(errorsMin, found.length);
    if (canCalibrate(found.length, levels) || found.length >= widest.length) widest = found;
    // Past the longest lag that the history has, its spread is the best that is known, and the result says that it isn't enough.
    levels.forEach((level, place) => {
      const offset = offsets[place];
      if (offset) offset[step] = quantileOf(widest, level);
    });
  }
  return { offsets, errorsMin };
}

/** Sorted. */
function differencesAt(series: Float64Array, lag: number): Float64Array {
  const stride = Math.max(1, Math.floor((series.length - lag) / PAIRS_MAX));
  const found: number[] = [];
  for (let step = series.length - 1; step >= lag; step -= stride) {
    const difference = at(series, step) - at(series, step - lag);
    if (!Number.isNaN(difference)) found.push(difference);
  }
  return Float64Array.from(found).sort();
}
