/** Chance that is the same for the same seed: Marsaglia's xorshift with 32 bits, good enough to shuffle a model's world. */

export type Chance = {
  /** In [0, 1). */
  readonly next: () => number;
  /** A whole number in [0, count). */
  readonly below: (count: number) => number;
  readonly happens: (probability: number) => boolean;
};

export function chance(seed: number): Chance {
  let state = (seed ^ 0x9e3779b9) | 0 || 1;
  const next = (): number => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
  for (let warm = 0; warm < 8; warm += 1) next();
  return { next, below: (count) => Math.floor(next() * count), happens: (probability) => next() < probability };
}
