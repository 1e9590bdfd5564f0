/**
 * The middle of what the same step of the newest cycles had: a single odd day does not move it, where any mean would follow it.
 */
import { at, type History } from "./history.ts";

/** The median of the newest `cycles` values a whole number of periods back; `null` with less than two cycles. */
export function forecastMedian({ values }: History, horizonSteps: number, periodSteps: number, cycles: number): Float64Array | null {
  const points = values.length;
  if (points < 2 * periodSteps) return null;
  const forecast = new Float64Array(horizonSteps);
  for (let ahead = 0; ahead < horizonSteps; ahead += 1) {
    const newest = points - periodSteps + (ahead % periodSteps);
    const count = Math.min(cycles, Math.floor(newest / periodSteps) + 1);
    const same = Float64Array.from({ length: count }, (_, back) => at(values, newest - back * periodSteps)).sort();
    forecast[ahead] = (at(same, (count - 1) >> 1) + at(same, count >> 1)) / 2;
  }
  return forecast;
}
