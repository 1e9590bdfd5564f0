/**
 * A series as the forecaster reads it: evenly spaced values, newest last, where a gap is NaN and stays known as a gap. Gaps are filled
 * only so that a method can step over them: what was filled is never counted as measured, neither in a fit nor in a score.
 */

/** `values` are finite everywhere; `observed` is 1 where the value was measured and 0 where it was filled. */
export type History = { readonly values: Float64Array; readonly observed: Uint8Array };

/** Fourteen days by the minute: what `vitals` keeps. Older points are left out. */
export const POINTS_MAX = 20_160;

/** An element of a vector, for the loops that stay within its length. */
export function at(vector: ArrayLike<number>, place: number): number {
  return vector[place] as number;
}

/** The newest `POINTS_MAX` values from the first measured one on; what is null, NaN or infinite is a gap. */
export function readSeries(values: ArrayLike<number | null>): Float64Array {
  const from = Math.max(0, values.length - POINTS_MAX);
  const read = new Float64Array(values.length - from).fill(Number.NaN);
  for (let place = 0; place < read.length; place += 1) {
    const value = values[from + place];
    if (typeof value === "number" && Number.isFinite(value)) read[place] = value;
  }
  const first = read.findIndex((value) => !Number.isNaN(value));
  return first < 0 ? new Float64Array(0) : read.subarray(first);
}

/**
 * Fills each gap with the mean of its phase (of `periodSteps`, when there is one) plus the deviation from it, drawn straight from one edge of the gap
 * to the other; past the last measured value the deviation stays as it was there.
 */
export function fillGaps(series: Float64Array, periodSteps: number | null): History {
  const observed = new Uint8Array(series.length);
  let gaps = 0;
  for (let step = 0; step < series.length; step += 1) {
    if (Number.isNaN(at(series, step))) gaps += 1;
    else observed[step] = 1;
  }
  if (gaps === 0 || gaps === series.length) return { values: gaps === 0 ? series : new Float64Array(series.length), observed };
  const profile = phaseMeans(series, periodSteps ?? 1);
  const values = Float64Array.from(series);
  const deviationAt = (step: number): number => at(series, step) - at(profile, step % profile.length);
  let left = -1;
  for (let step = 0; step <= series.length; step += 1) {
    if (step < series.length && at(observed, step) === 0) continue;
    const before = left < 0 ? deviationAt(step) : deviationAt(left);
    const after = step < series.length ? deviationAt(step) : before;
    for (let gap = left + 1; gap < step; gap += 1) {
      const share = (gap - left) / (step - left);
      values[gap] = at(profile, gap % profile.length) + before + share * (after - before);
    }
    left = step;
  }
  return { values, observed };
}

/** A phase that was never measured gets the mean of all. */
function phaseMeans(series: Float64Array, periodSteps: number): Float64Array {
  const sums = new Float64Array(periodSteps);
  const counts = new Float64Array(periodSteps);
  for (let step = 0; step < series.length; step += 1) {
    if (Number.isNaN(at(series, step))) continue;
    const phase = step % periodSteps;
    sums[phase] = at(sums, phase) + at(series, step);
    counts[phase] = at(counts, phase) + 1;
  }
  let sum = 0;
  let count = 0;
  for (let phase = 0; phase < periodSteps; phase += 1) {
    sum += at(sums, phase);
    count += at(counts, phase);
  }
  return sums.map((each, phase) => (at(counts, phase) > 0 ? each / at(counts, phase) : sum / count));
}
