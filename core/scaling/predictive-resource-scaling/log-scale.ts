/**
 * The logarithm of a series that is never below 0, for methods whose world is additive: demand grows by shares, and its busy hours
 * vary more than its quiet ones. What is near 0 is lifted a little, or one quiet hour would weigh more than a day.
 */
import type { History } from "./history.ts";

/** The smallest lifted value is at least this share of the mean. */
const LIFT_SHARE = 0.02;
/** e^40: beyond it a forecast is no number of anything. */
const EXPONENT_MAX = 40;

export type LogScale = { readonly history: History; toLevel(forecast: Float64Array): Float64Array };

/** `null` when the series has values below 0, or nothing but 0. */
export function toLogScale({ values, observed }: History): LogScale | null {
  let least = Number.POSITIVE_INFINITY;
  let mean = 0;
  for (const value of values) {
    least = Math.min(least, value);
    mean += value / values.length;
  }
  if (!(least >= 0) || mean <= 0) return null;
  const lift = Math.max(0, LIFT_SHARE * mean - least);
  const scale = mean + lift;
  return {
    history: { values: values.map((value) => Math.log((value + lift) / scale)), observed },
    toLevel: (forecast) => forecast.map((value) => scale * Math.exp(Math.min(EXPONENT_MAX, value)) - lift),
  };
}
