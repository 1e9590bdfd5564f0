/**
 * Chance that is an argument: the same seed gives the same draws on every machine. Sfc32 (Chris Doty-Humphrey, PractRand), 32-bit
 * operations only; good enough to pick rows and units, not meant for secrets.
 */
export type Chance = {
  /** From 0 up to, but not, 1. */
  next(): number;
  /** A whole number from 0 to `limit` − 1. */
  below(limit: number): number;
};

export function chanceOf(seed: number): Chance {
  let [a, b, c, counter] = [seed | 0, (seed / 2 ** 32) | 0, 0x9e3779b9 | 0, 1];
  const draw = (): number => {
    const sum = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (c << 21) | (c >>> 11);
    c = (c + sum) | 0;
    return (sum >>> 0) / 2 ** 32;
  };
  // Seeds that differ in one bit give draws that look alike until the state is mixed.
  for (let warm = 0; warm < 16; warm += 1) draw();
  return { next: draw, below: (limit) => Math.floor(draw() * limit) };
}

/** A new order of the same things (Fisher and Yates). */
export function shuffled<Thing>(things: readonly Thing[], chance: Chance): Thing[] {
  const order = [...things];
  for (let last = order.length - 1; last > 0; last -= 1) {
    const other = chance.below(last + 1);
    [order[last], order[other]] = [order[other] as Thing, order[last] as Thing];
  }
  return order;
}
