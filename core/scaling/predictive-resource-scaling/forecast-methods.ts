/**
 * The methods whose forecasts are mixed: few, cheap and different in what they believe. Each is there on the level and, for a series
 * that is never below 0, on the logarithm; which of them a series trusts is decided on its own past.
 */
import { repeatPeriod } from "./baselines.ts";
import { forecastSmoothed } from "./exponential-smoothing.ts";
import { at, type History } from "./history.ts";
import { toLogScale } from "./log-scale.ts";
import { forecastMedian } from "./median-profile.ts";
import { forecastAutoregression } from "./seasonal-autoregression.ts";
import { forecastProfile } from "./seasonal-profile.ts";
import type { Seasons } from "./seasonality.ts";

type Method = {
  readonly name: string;
  /** `null` when the history is too short for it, or has no such cycle. */
  forecast(history: History, horizonSteps: number, seasons: Seasons): Float64Array | 0 | null;
};

/** Older weeks of a profile count nine tenths, or seven, of the next newer one. */
const SLOW_FADE = 0.9;
const QUICK_FADE = 0.7;
const MEDIAN_DAYS = 5;
const MEDIAN_WEEKS = 4;

/** The first is the fallback of every other: it can always be asked. */
export const BASELINES: readonly Method[] = [
  { name: "naive", forecast: (history, horizonSteps) => repeatPeriod(history, horizonSteps, 1) },
  { name: "seasonal naive by day", forecast: (history, horizonSteps, { daySteps }) => daySteps && repeatPeriod(history, horizonSteps, daySteps) },
  { name: "seasonal naive by week", forecast: (history, horizonSteps, { weekSteps }) => weekSteps && repeatPeriod(history, horizonSteps, weekSteps) },
];

/** The same on any scale. */
const MEDIANS: readonly Method[] = [
  {
    name: "median by day",
    forecast: (history, horizonSteps, { daySteps }) => daySteps && forecastMedian(history, horizonSteps, daySteps, MEDIAN_DAYS),
  },
  {
    name: "median by week",
    forecast: (history, horizonSteps, { weekSteps }) => weekSteps && forecastMedian(history, horizonSteps, weekSteps, MEDIAN_WEEKS),
  },
];

const METHODS: readonly Method[] = [
  { name: "autoregression by week", forecast: (history, horizonSteps, seasons) => forecastAutoregression(history, horizonSteps, seasons, "week") },
  { name: "autoregression by day", forecast: (history, horizonSteps, seasons) => forecastAutoregression(history, horizonSteps, seasons, "day") },
  { name: "slow profile", forecast: (history, horizonSteps, seasons) => forecastProfile(history, horizonSteps, seasons, SLOW_FADE) },
  { name: "quick profile", forecast: (history, horizonSteps, seasons) => forecastProfile(history, horizonSteps, seasons, QUICK_FADE) },
  { name: "smoothing by day", forecast: (history, horizonSteps, { daySteps }) => forecastSmoothed(history, horizonSteps, daySteps ?? 1, 1) },
  {
    name: "smoothing by day and week",
    forecast: (history, horizonSteps, { daySteps, weekSteps }) =>
      daySteps && weekSteps && forecastSmoothed(history, horizonSteps, daySteps, weekSteps),
  },
];

/** In the order of `forecastAll`: baselines, methods on the level, methods on the logarithm. */
export const NAMES: readonly string[] = [...BASELINES, ...MEDIANS, ...METHODS]
  .map(({ name }) => name)
  .concat(METHODS.map(({ name }) => `${name}, logarithm`));

/** One forecast for each of `NAMES`; where a method has too little history, or makes no finite number, `null`. None is below `floor`. */
export function forecastAll(history: History, horizonSteps: number, seasons: Seasons, floor: number | null): (Float64Array | null)[] {
  const logarithm = toLogScale(history);
  const onLevel = [...BASELINES, ...MEDIANS, ...METHODS].map((method) => method.forecast(history, horizonSteps, seasons));
  const onLogarithm = METHODS.map((method) => {
    const forecast = logarithm && method.forecast(logarithm.history, horizonSteps, seasons);
    return logarithm && forecast && logarithm.toLevel(forecast);
  });
  return [...onLevel, ...onLogarithm].map((forecast) => (forecast && isNumber(forecast) ? raiseTo(forecast, floor) : null));
}

function isNumber(forecast: Float64Array): boolean {
  return forecast.every((value) => Number.isFinite(value));
}

function raiseTo(forecast: Float64Array, floor: number | null): Float64Array {
  if (floor === null) return forecast;
  for (let step = 0; step < forecast.length; step += 1) forecast[step] = Math.max(floor, at(forecast, step));
  return forecast;
}
