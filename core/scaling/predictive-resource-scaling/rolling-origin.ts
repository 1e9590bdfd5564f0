/**
 * What each method would have said in the past: the history is cut at several origins, every method is fitted again to what was known
 * there, and its forecast stands beside what came (Tashman, "Out-of-sample tests of forecasting accuracy", International Journal of
 * Forecasting 2000). Only this decides whom to trust; errors within a fit decide nothing.
 */
import { forecastAll } from "./forecast-methods.ts";
import { fillGaps } from "./history.ts";
import type { Seasons } from "./seasonality.ts";

/** `actual` is NaN where nothing was measured; `forecasts` are in the order of the methods' names. */
export type Trial = { readonly knownSteps: number; readonly actual: Float64Array; readonly forecasts: readonly (Float64Array | null)[] };

export const TRIALS_MAX = 10;
/** Fewer trials are luck. */
export const TRIALS_MIN = 3;
/** Steps of all trials' histories together: the bound of the work, some seconds at most. */
const WORK_STEPS_MAX = 160_000;
/** What is known at the oldest origin, as a share of the history. */
const KNOWN_SHARE_MIN = 0.6;
/** A trial with fewer known steps says nothing about a forecast of today. */
const KNOWN_STEPS_MIN = 8;

/**
 * Where the history is cut, oldest first; empty when it is too short. Origins are whole days apart where there are enough days, so that a step
 * of the horizon is the same hour in every trial.
 */
export function chooseOrigins(points: number, horizonSteps: number, { daySteps }: Seasons): number[] {
  const newest = points - horizonSteps;
  const oldest = Math.max(KNOWN_STEPS_MIN, Math.ceil(KNOWN_SHARE_MIN * points), 2 * (daySteps ?? 0) + 2);
  const room = newest - oldest;
  if (room < TRIALS_MIN - 1) return [];
  const count = Math.max(TRIALS_MIN, Math.min(TRIALS_MAX, Math.floor(WORK_STEPS_MAX / points)));
  const days = daySteps === null ? 0 : Math.floor(room / daySteps);
  const stride =
    daySteps !== null && days >= TRIALS_MIN ? daySteps * Math.max(1, Math.floor(days / (count - 1))) : Math.max(1, Math.floor(room / (count - 1)));
  const places = Math.min(count, Math.floor(room / stride) + 1);
  return Array.from({ length: places }, (_, back) => newest - back * stride).toReversed();
}

export function holdTrials(series: Float64Array, horizonSteps: number, seasons: Seasons, floor: number | null): Trial[] {
  return chooseOrigins(series.length, horizonSteps, seasons)
    .map((knownSteps) => ({ knownSteps, actual: series.subarray(knownSteps, knownSteps + horizonSteps) }))
    .filter(({ actual }) => actual.some((value) => !Number.isNaN(value)))
    .map(({ knownSteps, actual }) => {
      const known = fillGaps(series.subarray(0, knownSteps), seasons.daySteps);
      return { knownSteps, actual, forecasts: forecastAll(known, horizonSteps, seasons, floor) };
    });
}

/** Mean absolute error over what was measured; 0 when nothing was. */
export function meanError(actual: Float64Array, forecast: Float64Array): number {
  let sum = 0;
  let count = 0;
  actual.forEach((value, step) => {
    if (Number.isNaN(value)) return;
    sum += Math.abs(value - (forecast[step] ?? 0));
    count += 1;
  });
  return count === 0 ? 0 : sum / count;
}
