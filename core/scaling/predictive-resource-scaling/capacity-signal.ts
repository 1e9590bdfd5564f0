/**
 * What a minute of demand looks like to the capacity forecast: levels that forget at three speeds, in the logarithm of demand, and what
 * they say of slope and noise. Demand is in units of capacity, and one unit is added before the logarithm: below one unit
 * nothing can be decided, so what happens there hardly counts.
 */
export type Levels = { readonly fast: number; readonly middle: number; readonly slow: number };

/** Forgetting a minute. Three speeds stand for "now", "the last ten minutes" and "the last hour or two". */
const FAST_RATE = 0.3;
const MIDDLE_RATE = 0.1;
const SLOW_RATE = 0.01;
/** From this level on a slope is more than the noise of few requests. */
const SLOPE_UNITS = 1;

export function toLog(demandUnits: number): number {
  return Math.log(demandUnits + 1);
}

export function moveLevels(levels: Levels | null, value: number): Levels {
  if (levels === null) return { fast: value, middle: value, slow: value };
  return {
    fast: levels.fast + FAST_RATE * (value - levels.fast),
    middle: levels.middle + MIDDLE_RATE * (value - levels.middle),
    slow: levels.slow + SLOW_RATE * (value - levels.slow),
  };
}

export type Signal = {
  readonly base: number;
  /** One plus the level in units. */
  readonly size: number;
  readonly slope: number;
  /** For the drift: how demand goes on from here, noise and slope apart, and both again where the level gives slope a meaning. */
  readonly driftFeatures: readonly number[];
  /** For the spread, none negative; the caller adds what it knows of volatility and of the time of day. */
  readonly spreadFeatures: readonly number[];
};

export function readSignal({ fast, middle, slow }: Levels, value: number): Signal {
  const size = Math.exp(fast);
  const weight = size / (size + SLOPE_UNITS);
  const step = value - fast;
  const slope = fast - middle;
  const trend = middle - slow;
  const steady = Math.max(0, Math.min(slope, 3 * step)) * weight;
  return {
    base: fast,
    size,
    slope,
    driftFeatures: [1, step, slope, trend, step * weight, slope * weight, trend * weight, steady, Math.max(0, slope)],
    spreadFeatures: [1, 1 / Math.sqrt(size), Math.max(0, slope), Math.abs(step), steady, Math.max(0, trend) * weight],
  };
}
