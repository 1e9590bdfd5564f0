/**
 * The simpler peers of the monitoring bench, online like ours: deviations from a windowed Gaussian, and Holt–Winters bands with a season of
 * one day (Brutlag, "Aberrant behavior detection in time series for network monitoring", LISA 2000), whose period is given to it.
 */
import type { LabelledSeries } from "./series.ts";

type Given = Pick<LabelledSeries, "values" | "cadenceMs">;
const DAY_MS = 86_400_000;
const WINDOW_POINTS = 1_000;
const LEVEL_SHARE = 0.1;
const TREND_SHARE = 0.0035;
const SEASON_SHARE = 0.1;
const SPREAD_MIN = 1e-9;

/** Distance from the mean of the last thousand points, in their spreads. */
export function scoreByGaussian({ values }: Given): Float64Array {
  const kept: number[] = [];
  let sum = 0;
  let squares = 0;
  const shift = values.find(Number.isFinite) ?? 0;
  return values.map((value) => {
    if (!Number.isFinite(value)) return 0;
    const come = value - shift;
    const mean = kept.length > 0 ? sum / kept.length : come;
    const spread = kept.length > 0 ? Math.sqrt(Math.max(0, squares / kept.length - mean * mean)) : 1;
    const gone = kept.length >= WINDOW_POINTS ? (kept.shift() ?? 0) : 0;
    kept.push(come);
    sum += come - gone;
    squares += come * come - gone * gone;
    return Math.abs(come - mean) / Math.max(SPREAD_MIN, spread);
  });
}

/** Distance from the forecast, in the smoothed deviation of this time of day. */
export function scoreByHoltWinters({ values, cadenceMs }: Given): Float64Array {
  const slots = Math.max(1, Math.round(DAY_MS / cadenceMs));
  const season = new Float64Array(slots);
  const deviation = new Float64Array(slots).fill(Number.NaN);
  let level = Number.NaN;
  let trend = 0;
  let overall = 0;
  return values.map((value, row) => {
    const slot = row % slots;
    if (!Number.isFinite(value)) return 0;
    if (Number.isNaN(level)) {
      level = value;
      return 0;
    }
    const seasonal = season[slot] ?? 0;
    const error = value - (level + trend + seasonal);
    const usual = deviation[slot] ?? Number.NaN;
    const unit = Number.isNaN(usual) ? overall : usual;
    const isFirstDay = row < slots;
    const score = isFirstDay ? 0 : Math.abs(error) / Math.max(SPREAD_MIN * (1 + Math.abs(level)), unit, overall * 0.1);
    const before = level;
    level = LEVEL_SHARE * (value - seasonal) + (1 - LEVEL_SHARE) * (level + trend);
    trend = TREND_SHARE * (level - before) + (1 - TREND_SHARE) * trend;
    season[slot] = isFirstDay ? value - level : SEASON_SHARE * (value - level) + (1 - SEASON_SHARE) * seasonal;
    deviation[slot] = Number.isNaN(usual) ? Math.abs(error) : SEASON_SHARE * Math.abs(error) + (1 - SEASON_SHARE) * usual;
    overall += Math.max(1 / (row + 1), 0.001) * (Math.abs(error) - overall);
    return score;
  });
}
