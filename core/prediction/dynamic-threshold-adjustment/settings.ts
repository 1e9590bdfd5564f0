/**
 * What an operator states for a metric's thresholds, and in which units. Everything else (level, spread, period, tail) is learned from the
 * series itself, so one setting serves metrics of any scale and cadence.
 */
export type ThresholdSettings = {
  /** Aimed at: the share of points at which a false alarm begins, above 0 and at most 0.1. See `falseAlarmShareOf`. */
  readonly falseAlarmShare: number;
  /** A change of level that has lasted this long without a break is the new normal. */
  readonly adoptAfterMs: number;
  /** The expected band never reaches beyond these, such as 0 and 100 for a percentage; null knows no bound. */
  readonly bounds: { readonly low: number; readonly high: number } | null;
  /** The metric only counts up until it is reset: its increase is judged, and a reset is no fall. */
  readonly isCounter: boolean;
};

const HOUR_MS = 3_600_000;
export const DAY_MS = 24 * HOUR_MS;
export const WEEK_MS = 7 * DAY_MS;

export const DEFAULT_THRESHOLDS: ThresholdSettings = {
  // One false alarm in ten days at a point a minute.
  falseAlarmShare: 1 / 14_400,
  // Shorter than a working day, so that a deployment in the morning is the baseline of the evening.
  adoptAfterMs: 6 * HOUR_MS,
  bounds: null,
  isCounter: false,
};

/** "One false alarm in ten days at a point a minute" is `falseAlarmShareOf({ perDay: 0.1, cadenceMs: 60_000 })`. */
export function falseAlarmShareOf({ perDay, cadenceMs }: { readonly perDay: number; readonly cadenceMs: number }): number {
  return Math.min(0.1, (perDay * cadenceMs) / DAY_MS);
}
