/**
 * How far what comes may lie from a forecast, from how far it lay in the trials: the quantiles are order statistics of past errors
 * with the correction for a finite sample, so they hold without any assumption on the errors' form (Vovk, Gammerman and Shafer,
 * "Algorithmic learning in a random world", 2005; per horizon as in Stankevičiūtė, Alaa and van der Schaar, "Conformal time-series
 * forecasting", NeurIPS 2021). Errors of neighbouring steps are pooled, since each step alone has few.
 */
import { at } from "./history.ts";

/** Pooled errors wanted for each step, and more where a level further out needs them. */
const POOL_MIN = 60;

export type Spread = {
  /** For each level, what is added to the forecast of each step. */
  readonly offsets: readonly Float64Array[];
  /** The fewest errors that any step's quantiles were taken from. */
  readonly errorsMin: number;
};

/**
 * `errors` are what came minus the forecast, one row per trial, NaN where nothing was measured. Errors of one trial resemble each other, and the
 * trials' own mean is uncertain by as few as there are independent ones: the spread is widened as a normal prediction interval is,
 * by the root of 1 + 1 / `independentTrials`.
 */
export function spreadOf(errors: readonly Float64Array[], independentTrials: number, horizonSteps: number, levels: readonly number[]): Spread {
  const widening = Math.sqrt(1 + 1 / Math.max(1, independentTrials));
  const offsets = levels.map(() => new Float64Array(horizonSteps));
  const wanted = Math.max(POOL_MIN, ...levels.map(errorsFor));
  const reach = Math.max(0, Math.ceil((wanted / Math.max(1, errors.length) - 1) / 2));
  let errorsMin = Number.POSITIVE_INFINITY;
  for (let step = 0; step < horizonSteps; step += 1) {
    const pool = poolAround(errors, step, reach);
    errorsMin = Math.min(errorsMin, pool.length);
    levels.forEach((level, place) => {
      const offset = offsets[place];
      if (offset) offset[step] = widening * quantileOf(pool, level);
    });
  }
  return { offsets, errorsMin: horizonSteps === 0 ? 0 : errorsMin };
}

/** Whether `count` errors are enough for the outermost of `levels`. */
export function canCalibrate(count: number, levels: readonly number[]): boolean {
  return levels.every((level) => count >= errorsFor(level));
}

/** With fewer, the level lies outside of all of them. Rounded, since 1 / (1 − 0.95) is a little more than 20. */
function errorsFor(level: number): number {
  return Math.ceil(1 / Math.min(level, 1 - level) - 1e-6) - 1;
}

/** The window is moved inwards at both ends of the horizon, so it never gets narrower. */
function poolAround(errors: readonly Float64Array[], step: number, reach: number): Float64Array {
  const horizonSteps = errors[0]?.length ?? 0;
  const width = Math.min(horizonSteps, 2 * reach + 1);
  const from = Math.max(0, Math.min(step - reach, horizonSteps - width));
  const pooled: number[] = [];
  for (const row of errors) {
    for (let each = from; each < from + width; each += 1) if (!Number.isNaN(at(row, each))) pooled.push(at(row, each));
  }
  return Float64Array.from(pooled).sort();
}

/** Never inwards of 0 on the level's own side, so the forecast stays the median; 0 for an empty pool. */
export function quantileOf(sorted: Float64Array, level: number): number {
  if (sorted.length === 0 || level === 0.5) return 0;
  const rank = level > 0.5 ? Math.ceil((sorted.length + 1) * level) : Math.floor((sorted.length + 1) * level);
  const value = at(sorted, Math.min(sorted.length, Math.max(1, rank)) - 1);
  return level > 0.5 ? Math.max(0, value) : Math.min(0, value);
}
