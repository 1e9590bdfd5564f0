/**
 * What a forecast was worth, once what it spoke of has come: its error beside the baselines' of the same hour, the pinball loss of its
 * quantiles (Koenker and Bassett, "Regression quantiles", Econometrica 1978), and how often its band held. What wasn't measured is
 * left out and never counted as right or as wrong.
 */
import { at } from "./history.ts";

/** What has to be kept of a forecast to score it later; `Forecast` is one. */
export type PastForecast = {
  readonly median: ArrayLike<number>;
  readonly levels: readonly number[];
  /** `quantiles[level][step]`. */
  readonly quantiles: readonly ArrayLike<number>[];
  readonly baselines: Readonly<Record<string, ArrayLike<number>>>;
};

export type ForecastScore = {
  /** Steps that were measured. */
  readonly steps: number;
  /** Mean absolute errors, in units of the series. */
  readonly meanError: number;
  readonly baselineErrors: Readonly<Record<string, number>>;
  /** Mean over steps and levels. */
  readonly pinball: number;
  /** Share of steps within the outermost two quantiles, and what was promised. */
  readonly covered: number;
  readonly promised: number;
  /** Share of steps above each level's quantile; a calibrated level has 1 − level. */
  readonly above: readonly number[];
};

/** `null` when none of the forecast's steps was measured. `actual` is NaN or `null` where nothing was measured, and may be shorter. */
export function scoreForecast(forecast: PastForecast, actual: ArrayLike<number | null>): ForecastScore | null {
  const { median, levels, quantiles, baselines } = forecast;
  const measured = Array.from({ length: Math.min(median.length, actual.length) }, (_, step) => step).filter((step) => Number.isFinite(actual[step]));
  if (measured.length === 0) return null;
  const meanOver = (partOf: (value: number, step: number) => number): number =>
    measured.reduce((sum, step) => sum + partOf(actual[step] ?? 0, step), 0) / measured.length;
  const errorOf = (said: ArrayLike<number>): number => meanOver((value, step) => Math.abs(value - at(said, step)));
  const [lowest, highest] = [quantiles[0] ?? median, quantiles.at(-1) ?? median];
  const losses = quantiles.map((said, place) => meanOver((value, step) => pinballLoss(levels[place] ?? 0.5, value - at(said, step))));
  return {
    steps: measured.length,
    meanError: errorOf(median),
    baselineErrors: Object.fromEntries(Object.entries(baselines).map(([name, said]) => [name, errorOf(said)])),
    pinball: losses.reduce((sum, loss) => sum + loss, 0) / Math.max(1, losses.length),
    covered: meanOver((value, step) => (value >= at(lowest, step) && value <= at(highest, step) ? 1 : 0)),
    promised: (levels.at(-1) ?? 0.5) - (levels[0] ?? 0.5),
    above: quantiles.map((said) => meanOver((value, step) => (value > at(said, step) ? 1 : 0))),
  };
}

/** Of what came minus the quantile that was said for `level`. */
export function pinballLoss(level: number, rest: number): number {
  return rest >= 0 ? level * rest : (level - 1) * rest;
}
