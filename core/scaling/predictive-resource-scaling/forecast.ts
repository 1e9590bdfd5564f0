/**
 * What a series will be, as quantiles for each step of a horizon. Several methods are mixed by what they were worth in this series'
 * own past; beside them always stand the naive and the seasonal naive forecast, and if the mix did not beat the best of these in trials
 * whose weights were learned elsewhere, that baseline is what is returned, with this reason. The same input gives the same output; work is
 * bounded by the points, the trials and the horizon, never by the clock.
 */
import { guessBaseline, periodOf, spreadOfBaseline } from "./baseline-forecast.ts";
import { mix, weighMethods } from "./combination.ts";
import { canCalibrate, spreadOf } from "./conformal-intervals.ts";
import { BASELINES, forecastAll, NAMES } from "./forecast-methods.ts";
import { at, fillGaps, readSeries } from "./history.ts";
import { holdTrials } from "./rolling-origin.ts";
import { learnSeasons, type Seasons } from "./seasonality.ts";
import { chooseForecast, completed, type Errors, type Evidence, gatherEvidence } from "./trial-evidence.ts";

export const LEVELS: readonly number[] = [0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99];
/** Two days by the minute. */
export const HORIZON_STEPS_MAX = 2_880;
/** A part of the mix below this share isn't worth a name. */
const NAMED_SHARE_MIN = 0.1;

export type ForecastOrder = {
  /** 1 to `HORIZON_STEPS_MAX`; see `horizonOf` for how far is far enough. */
  readonly horizonSteps: number;
  /** A day over the cadence of the series. */
  readonly stepsPerDay: number;
  /** What the series can never be below, as 0 for a demand; `null` when there is no such value. */
  readonly floor: number | null;
  /** Rising, each between 0 and 1. */
  readonly levels?: readonly number[];
};

export type Forecast =
  | { readonly kind: "refused"; readonly reason: string }
  | {
      readonly kind: "mix" | "baseline";
      readonly reason: string;
      /** What is returned: the mix's largest parts, or the baseline's name. */
      readonly method: string;
      readonly median: Float64Array;
      readonly levels: readonly number[];
      /** `quantiles[level][step]`, rising with the level at each step, and equal to the median at 0.5. */
      readonly quantiles: readonly Float64Array[];
      readonly intervals: { readonly kind: "calibrated" | "uncalibrated"; readonly reason: string };
      /** The baselines' own forecasts of the same steps, by name. */
      readonly baselines: Readonly<Record<string, Float64Array>>;
      readonly errors: Errors;
      readonly seasons: Seasons;
    };

/** `values` are evenly spaced, newest last, with `null` or NaN where nothing was measured: also at the end, if the newest is missing. */
export function forecastSeries(values: ArrayLike<number | null>, order: ForecastOrder): Forecast {
  const { horizonSteps, floor, levels = LEVELS } = order;
  const refused = refuse(horizonSteps, levels);
  if (refused !== null) return { kind: "refused", reason: refused };
  const series = readSeries(values);
  if (series.length === 0) return { kind: "refused", reason: "nothing was ever measured" };
  const seasons = learnSeasons(series, order.stepsPerDay);
  const evidence = gatherEvidence(holdTrials(series, horizonSteps, seasons, floor));
  const known = forecastAll(fillGaps(series, seasons.daySteps), horizonSteps, seasons, floor);
  const baselines: Record<string, Float64Array> = {};
  BASELINES.forEach(({ name }, place) => {
    if (known[place]) baselines[name] = known[place];
  });
  const choice = chooseForecast(evidence.errors, Object.keys(baselines), guessBaseline(series, horizonSteps, seasons));
  const centre = choice.kind === "mix" ? mixed(known, evidence, horizonSteps) : { median: baselines[choice.name] ?? known[0], method: choice.name };
  const spread =
    choice.kind === "mix"
      ? spreadOf(evidence.rests, evidence.independentTrials, horizonSteps, levels)
      : spreadOfBaseline(series, periodOf(choice.name, seasons), horizonSteps, levels);
  const median = centre.median ?? new Float64Array(horizonSteps);
  return {
    kind: choice.kind,
    reason: choice.reason,
    method: centre.method,
    median,
    levels,
    quantiles: spread.offsets.map((offsets) => median.map((value, step) => Math.max(floor ?? Number.NEGATIVE_INFINITY, value + at(offsets, step)))),
    intervals: {
      kind: canCalibrate(spread.errorsMin, levels) ? "calibrated" : "uncalibrated",
      reason: `from ${spread.errorsMin} past errors at the step that has fewest`,
    },
    baselines,
    errors: evidence.errors,
    seasons,
  };
}

function mixed(known: readonly (Float64Array | null)[], { complete }: Evidence, horizonSteps: number): { median: Float64Array; method: string } {
  const weights = weighMethods(complete, NAMES.length);
  const parts = NAMES.map((name, place) => ({ name, share: at(weights, place) })).toSorted((left, right) => right.share - left.share);
  const named = parts.filter(({ share }, place) => place === 0 || share >= NAMED_SHARE_MIN);
  return {
    median: mix(completed(known, horizonSteps), weights),
    method: named.map(({ name, share }) => `${name} ${Math.round(100 * share)} %`).join(", "),
  };
}

function refuse(horizonSteps: number, levels: readonly number[]): string | null {
  if (!(Number.isInteger(horizonSteps) && horizonSteps >= 1 && horizonSteps <= HORIZON_STEPS_MAX)) {
    return `a horizon is 1 to ${HORIZON_STEPS_MAX} whole steps, and ${horizonSteps} was asked for`;
  }
  const isRising = levels.every((level, place) => level > (levels[place - 1] ?? 0) && level < 1);
  return isRising ? null : `levels rise and are between 0 and 1, and ${levels.join(", ")} were asked for`;
}
