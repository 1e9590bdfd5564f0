/**
 * How rare a rise is, in spreads: a histogram of the rises that were, forgetting slowly, beginning with an exponential tail. With offsets
 * by level, time of day, slope and volatility that follow the rate at which a rise beyond the stated quantile is seen there: adaptive
 * conformal inference (Gibbs and Candès, NeurIPS 2021) for groups, in the manner of multivalid calibration.
 */
export type Tail = { readonly masses: readonly number[]; readonly offsets: readonly (readonly number[])[] };

const BINS = 400;
const BIN_SPREADS = 0.05;
const START_MASS = 50;
/** Forgets over two weeks. */
const KEEP = 0.99995;
/** The quantile that the offsets keep honest: rare enough for a tail, often enough to be learned within days. */
export const WATCHED_SHARE = 0.01;
const OFFSET_RATE = 0.02;
const OFFSET_MIN = -0.7;
const OFFSET_MAX = 1.2;
/** Nobody has seen enough minutes to state less. */
export const CHANCE_MIN = 1e-7;
/** By level, half-hour, slope, and volatility now against of late. */
const GROUP_SIZES = [12, 48, 12, 12];
const MINUTES_PER_GROUP = 30;

export function startTail(): Tail {
  const beyond = (bin: number): number => Math.exp(-bin * BIN_SPREADS);
  const masses = Array.from({ length: BINS }, (_, bin) => START_MASS * (beyond(bin) - beyond(bin + 1)));
  return { masses, offsets: GROUP_SIZES.map((size) => new Array<number>(size).fill(0)) };
}

export function groupsOf(facts: { size: number; minuteOfDay: number; slope: number; fastVariance: number; slowVariance: number }): number[] {
  const within = (value: number): number => Math.max(0, Math.min(11, Math.round(value)));
  return [
    within(Math.log2(facts.size) + 3),
    Math.floor(facts.minuteOfDay / MINUTES_PER_GROUP),
    within(4 + facts.slope * 20),
    within(5 + Math.log2(facts.fastVariance / facts.slowVariance + 1e-9)),
  ];
}

/** What a spread is multiplied with in these groups. */
export function widening({ offsets }: Tail, groups: readonly number[]): number {
  return Math.exp(groups.reduce((sum, group, kind) => sum + (offsets[kind]?.[group] ?? 0), 0));
}

/** The chance of a rise beyond each bin's lower edge, and the number of spreads that is exceeded by the watched share. */
export function survivalOf({ masses }: Tail): { survival: Float64Array; watched: number } {
  const survival = new Float64Array(BINS);
  let beyond = 0;
  for (let bin = BINS - 1; bin >= 0; bin -= 1) survival[bin] = beyond += masses[bin] ?? 0;
  for (let bin = 0; bin < BINS; bin += 1) survival[bin] = (survival[bin] ?? 0) / beyond;
  const found = survival.findIndex((chance) => chance < WATCHED_SHARE);
  return { survival, watched: (found < 0 ? BINS : found) * BIN_SPREADS };
}

/** Between bins the logarithm of the chance is straight; below no rise at all it is the chance of any. */
export function chanceBeyond(survival: Float64Array, spreads: number): number {
  if (spreads <= 0) return survival[0] ?? 1;
  const place = spreads / BIN_SPREADS;
  const bin = Math.floor(place);
  if (bin >= BINS - 1) return CHANCE_MIN;
  const chance = (index: number): number => Math.log((survival[index] ?? 0) + CHANCE_MIN);
  return Math.exp(chance(bin) + (place - bin) * (chance(bin + 1) - chance(bin)));
}

export function learnTail(tail: Tail, groups: readonly number[], spreads: number, watched: number): Tail {
  const masses = tail.masses.map((mass) => mass * KEEP);
  const bin = Math.min(BINS - 1, Math.floor(spreads / BIN_SPREADS));
  masses[bin] = (masses[bin] ?? 0) + 1;
  const move = OFFSET_RATE * ((spreads > watched ? 1 : 0) - WATCHED_SHARE);
  const offsets = tail.offsets.map((kind, index) => {
    const group = groups[index] ?? 0;
    return kind.map((offset, place) => (place === group ? Math.max(OFFSET_MIN, Math.min(OFFSET_MAX, offset + move)) : offset));
  });
  return { masses, offsets };
}
