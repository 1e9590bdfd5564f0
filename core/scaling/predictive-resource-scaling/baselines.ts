/**
 * What any forecast has to beat: the last value, and the value of a cycle ago. Nothing is fitted, so nothing can be fitted too well.
 */
import { at, type History } from "./history.ts";

/** Repeats the newest `periodSteps` values; with a period of 1 that is the naive forecast. A history shorter than the period gives `null`. */
export function repeatPeriod({ values }: History, horizonSteps: number, periodSteps: number): Float64Array | null {
  const from = values.length - periodSteps;
  if (from < 0) return null;
  const forecast = new Float64Array(horizonSteps);
  for (let step = 0; step < horizonSteps; step += 1) forecast[step] = at(values, from + (step % periodSteps));
  return forecast;
}
