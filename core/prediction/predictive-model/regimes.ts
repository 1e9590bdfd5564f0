/**
 * Conditions under which a unit works (a load level, a client's version, an altitude) make the same measurement mean different things. Where the
 * conditions fall into a few tight clusters, each metric is read against its own cluster; where they do not, all rows are one regime.
 */
import { chanceOf } from "./chance.ts";

export type Regimes = {
  /** Conditions are divided by these before distances are taken; 0 for a condition that never changes. */
  readonly spreads: readonly number[];
  readonly centres: readonly (readonly number[])[];
};

export const REGIMES_LIMIT = 8;
/**
 * Eight clusters explain 96.5 % of one normal condition (Max, "Quantizing for minimum distortion", IRE 1960) and 98.4 % of one uniform condition:
 * what explains more is no accident of cutting noise.
 */
const EXPLAINED_MIN = 0.99;
/** A regime of fewer rows has no mean worth the name. */
const REGIME_ROWS_MIN = 50;
const ROUNDS_MAX = 25;
const SAMPLE_MAX = 4_000;

/** `conditions` holds one column a condition, all of one length, without gaps where a row is to count. */
export function learnRegimes(conditions: readonly Float64Array[], seed: number): Regimes {
  const every = rowsOf(conditions);
  const spreads = conditions.map((_, at) => deviation(every.map((row) => row[at] as number)));
  const scaled = every.map((row) => row.map((value, at) => scale(value, spreads[at] as number)));
  const stride = Math.max(1, Math.ceil(scaled.length / SAMPLE_MAX));
  const sample = scaled.filter((_, at) => at % stride === 0);
  const one = [meanRow(sample, conditions.length)];
  const whole = scatter(sample, one);
  for (let count = 2; count <= REGIMES_LIMIT && whole > 0; count += 1) {
    const centres = cluster(sample, count, seed + count);
    const sizes = centres.map((_, at) => sample.filter((row) => nearest(row, centres) === at).length * stride);
    if (1 - scatter(sample, centres) / whole >= EXPLAINED_MIN && Math.min(...sizes) >= REGIME_ROWS_MIN) return { spreads, centres };
  }
  return { spreads, centres: one };
}

/** The place of the nearest regime; a condition that is a gap does not speak. */
export function regimeOf({ spreads, centres }: Regimes, conditions: readonly number[]): number {
  return nearest(
    conditions.map((value, at) => scale(value, spreads[at] as number)),
    centres,
  );
}

function scale(value: number, spread: number): number {
  return spread === 0 ? 0 : value / spread;
}

function rowsOf(conditions: readonly Float64Array[]): number[][] {
  const rows: number[][] = [];
  for (let row = 0; row < (conditions[0]?.length ?? 0); row += 1) {
    const values = conditions.map((column) => column[row] as number);
    if (!values.some(Number.isNaN)) rows.push(values);
  }
  return rows;
}

/** Lloyd's rounds from seeds drawn far from each other (Arthur and Vassilvitskii, "k-means++", SODA 2007). */
function cluster(rows: readonly number[][], count: number, seed: number): number[][] {
  const chance = chanceOf(seed);
  let centres = [rows[chance.below(rows.length)] as number[]];
  while (centres.length < count) {
    const far = rows.map((row) => distance(row, centres[nearest(row, centres)] as number[]));
    let left = chance.next() * far.reduce((sum, each) => sum + each, 0);
    const drawn = far.findIndex((each) => {
      left -= each;
      return left <= 0;
    });
    centres.push(rows[Math.max(0, drawn)] as number[]);
  }
  for (let round = 0; round < ROUNDS_MAX; round += 1) {
    const groups = centres.map((): number[][] => []);
    for (const row of rows) groups[nearest(row, centres)]?.push(row);
    const moved = groups.map((group, at) => (group.length === 0 ? (centres[at] as number[]) : meanRow(group, (centres[at] as number[]).length)));
    const still = moved.every((centre, at) => distance(centre, centres[at] as number[]) < 1e-12);
    centres = moved;
    if (still) break;
  }
  return centres;
}

function nearest(row: readonly number[], centres: readonly (readonly number[])[]): number {
  let [found, least] = [0, Number.POSITIVE_INFINITY];
  centres.forEach((centre, at) => {
    const here = distance(row, centre);
    if (here < least) [found, least] = [at, here];
  });
  return found;
}

function distance(left: readonly number[], right: readonly number[]): number {
  let sum = 0;
  for (let at = 0; at < left.length; at += 1) {
    const apart = (left[at] as number) - (right[at] as number);
    if (!Number.isNaN(apart)) sum += apart * apart;
  }
  return sum;
}

const scatter = (rows: readonly number[][], centres: readonly (readonly number[])[]): number =>
  rows.reduce((sum, row) => sum + distance(row, centres[nearest(row, centres)] as readonly number[]), 0);

const meanRow = (rows: readonly number[][], width: number): number[] =>
  Array.from({ length: width }, (_, at) => rows.reduce((sum, row) => sum + (row[at] as number), 0) / Math.max(1, rows.length));

function deviation(values: readonly number[]): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
  const spread = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / Math.max(1, values.length));
  return spread > 1e-9 * Math.max(1, Math.abs(mean)) ? spread : 0;
}
