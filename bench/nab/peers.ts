/**
 * The peers of the NAB bench, run on the same rows: NAB's windowed Gaussian (tail chance of a value under the mean and spread of the last
 * thousand), a random detector from a seed, and one that never speaks.
 */
import type { NabSeries } from "./corpus.ts";

const GAUSSIAN_WINDOW = 1_000;
const SPREAD_MIN = 0.000_001;

export function scoreByWindowedGaussian({ values }: Pick<NabSeries, "values">, window = GAUSSIAN_WINDOW): Float64Array {
  const scores = new Float64Array(values.length);
  let sum = 0;
  let squares = 0;
  const shift = values.find(Number.isFinite) ?? 0;
  const kept: number[] = [];
  values.forEach((value, row) => {
    if (!Number.isFinite(value)) return;
    const mean = kept.length === 0 ? 0 : sum / kept.length;
    const spread = kept.length === 0 ? 1 : Math.sqrt(Math.max(0, squares / kept.length - mean * mean));
    scores[row] = kept.length === 0 ? 0 : 1 - upperTail(Math.abs(value - shift - mean) / Math.max(SPREAD_MIN, spread));
    const gone = kept.length >= window ? (kept.shift() ?? 0) : 0;
    const come = value - shift;
    kept.push(come);
    sum += come - gone;
    squares += come * come - gone * gone;
  });
  return scores;
}

/** Xorshift of 32 bits: the same seed gives the same scores. */
export function scoreByChance({ values }: Pick<NabSeries, "values">, seed: number): Float64Array {
  let word = seed | 1;
  return values.map(() => {
    word ^= word << 13;
    word ^= word >>> 17;
    word ^= word << 5;
    return (word >>> 0) / 2 ** 32;
  });
}

export function scoreByNothing({ values }: Pick<NabSeries, "values">): Float64Array {
  return values.map(() => 0.5);
}

/** Chance that a standard normal variable lies above `deviations` (Abramowitz and Stegun 26.2.17, error below 7.5e-8). */
function upperTail(deviations: number): number {
  const t = 1 / (1 + 0.231_641_9 * deviations);
  const series = t * (0.319_381_53 + t * (-0.356_563_782 + t * (1.781_477_937 + t * (-1.821_255_978 + t * 1.330_274_429))));
  return (Math.exp((-deviations * deviations) / 2) / Math.sqrt(2 * Math.PI)) * series;
}
