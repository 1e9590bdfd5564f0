/**
 * How far demand may rise above its expected move: a sum of causes (volatility now and of late, the noise of few requests, a slope, and what
 * this time of day did before), whose weights are learned by exponentiated gradient (Kivinen and Warmuth, 1997) on the likelihood of
 * a half-normal rise, as in volatility models. A sum, so that causes that come together do not multiply into a fright.
 */
export type Spread = {
  readonly weights: readonly number[];
  /** Mean squared rise over the last ten minutes or so, and over the last hours. */
  readonly fastVariance: number;
  readonly slowVariance: number;
  /** Mean squared rise by time of day, over the last weeks. */
  readonly profile: readonly number[];
};

export const PROFILE_SLOTS = 288;
const START_WEIGHTS = [0.02, 0.1, 0.2, 0.2, 0.1, 0.1, 0.2, 0.2, 0.4];
const START_VARIANCE = 0.01;
const FAST_RATE = 0.1;
const SLOW_RATE = 0.01;
const PROFILE_RATE = 0.01;
/** A rise at 13:57 makes 13:50 to 14:05 suspect too. */
const NEAR: readonly (readonly [offset: number, share: number])[] = [
  [-2, 0.3],
  [-1, 0.7],
  [0, 1],
  [1, 0.7],
  [2, 0.3],
];
const LEARN_RATE = 0.002;
const WEIGHT_STEP_MAX = 0.1;
const WEIGHT_MIN = 0.003;
const SPREAD_MIN = 0.003;
const SQUARED_RISE_MAX = 0.5;
/** Rises far beyond the spread teach a lot, and not without end. */
const SURPRISE_MAX = 200;

export function startSpread(): Spread {
  const profile = new Array<number>(PROFILE_SLOTS).fill(START_VARIANCE);
  return { weights: START_WEIGHTS, fastVariance: START_VARIANCE, slowVariance: START_VARIANCE, profile };
}

export function spreadCauses(spread: Spread, signal: readonly number[], slot: number): number[] {
  return [...signal, Math.sqrt(spread.fastVariance), Math.sqrt(spread.slowVariance), Math.sqrt(spread.profile[slot] ?? START_VARIANCE)];
}

export function expectSpread({ weights }: Spread, causes: readonly number[]): number {
  let sum = 0;
  for (let index = 0; index < causes.length; index += 1) sum += (weights[index] ?? 0) * (causes[index] ?? 0);
  return Math.max(SPREAD_MIN, sum);
}

/** `rise` is how far demand came above its expected move, at least 0; `expected` what the causes had given then. */
export function learnRise(spread: Spread, causes: readonly number[], expected: number, slot: number, rise: number): Spread {
  const surprise = Math.min(SURPRISE_MAX, (rise / expected) ** 2) - 1;
  const weights = spread.weights.map((weight, index) => {
    const step = (LEARN_RATE * surprise * weight * (causes[index] ?? 0)) / expected;
    return Math.max(WEIGHT_MIN, weight * Math.exp(Math.max(-WEIGHT_STEP_MAX, Math.min(WEIGHT_STEP_MAX, step))));
  });
  const squared = Math.min(rise * rise, SQUARED_RISE_MAX);
  const profile = [...spread.profile];
  for (const [offset, share] of NEAR) {
    const place = (slot + offset + PROFILE_SLOTS) % PROFILE_SLOTS;
    const before = profile[place] ?? START_VARIANCE;
    profile[place] = before + PROFILE_RATE * share * (squared - before);
  }
  return {
    weights,
    fastVariance: spread.fastVariance + FAST_RATE * (squared - spread.fastVariance),
    slowVariance: spread.slowVariance + SLOW_RATE * (squared - spread.slowVariance),
    profile,
  };
}
