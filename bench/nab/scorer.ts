/**
 * NAB's score (Lavin and Ahmad, "Evaluating real-time anomaly detection algorithms: the Numenta anomaly benchmark", ICMLA 2015) as the
 * official sweeper computes it: the earliest detection in a window earns by its place, each false detection costs, a missed window costs,
 * and one threshold for all series is chosen per profile. 0 is a detector that never speaks, 100 a perfect one.
 */
import type { NabSeries, Profile } from "./corpus.ts";

const PROBATION_SHARE = 0.15;
const PROBATION_ROWS_MAX = 750;
/** Beyond three window lengths a false detection costs in full. */
const FULL_COST_WINDOWS = 3;
/** Above every score: nothing is detected. */
const THRESHOLD_START = 1.1;

/** One scored row: its worth if detected, and the window it lies in (null: outside of all). */
type Row = { readonly score: number; readonly worth: number; readonly window: string | null };
export type Scored = {
  /** 0 null, 100 perfect. */
  readonly normalized: number;
  readonly threshold: number;
  readonly detected: number;
  readonly windows: number;
  readonly falseDetections: number;
};

/** `scores` has one array per series, each score in 0..1, one per row. */
export function scoreNab(series: readonly NabSeries[], scores: readonly ArrayLike<number>[], profile: Profile): Scored {
  const rows = series.flatMap((each, place) => rowsOf(each, scores[place] ?? [], profile));
  const best = sweep(rows, profile);
  const at = scoreNabAt(series, scores, profile, best);
  return at;
}

/** The same score at a threshold that is given, as for part of a corpus. */
export function scoreNabAt(series: readonly NabSeries[], scores: readonly ArrayLike<number>[], profile: Profile, threshold: number): Scored {
  let total = 0;
  let missed = 0;
  let detected = 0;
  let windows = 0;
  let falseDetections = 0;
  series.forEach((each, place) => {
    windows += each.windows.length;
    const parts = new Map<string, number>();
    for (const { score, worth, window } of rowsOf(each, scores[place] ?? [], profile)) {
      if (window !== null && !parts.has(window)) parts.set(window, -profile.fnWeight);
      if (score < threshold) continue;
      if (window === null) {
        total += worth;
        falseDetections += 1;
      } else parts.set(window, Math.max(parts.get(window) ?? -profile.fnWeight, worth));
    }
    missed += parts.size * profile.fnWeight;
    for (const worth of parts.values()) {
      total += worth;
      if (worth > -profile.fnWeight) detected += 1;
    }
  });
  const perfect = windows * profile.tpWeight;
  return { normalized: (100 * (total + missed)) / (perfect + missed), threshold, detected, windows, falseDetections };
}

/** The threshold with the highest total; the highest of those if several are equal. */
function sweep(rows: readonly Row[], { fnWeight }: Profile): number {
  const best = new Map<string, number>();
  let total = 0;
  for (const { window } of rows) {
    if (window === null || best.has(window)) continue;
    best.set(window, -fnWeight);
    total -= fnWeight;
  }
  let found = { threshold: THRESHOLD_START, total };
  const highestFirst = rows.toSorted((left, right) => right.score - left.score);
  highestFirst.forEach(({ score, worth, window }, place) => {
    if (window === null) total += worth;
    else {
      const before = best.get(window) ?? -fnWeight;
      total += Math.max(0, worth - before);
      best.set(window, Math.max(before, worth));
    }
    if (highestFirst[place + 1]?.score !== score && total > found.total) found = { threshold: score, total };
  });
  return found.threshold;
}

function rowsOf({ group, file, windows, atMs }: NabSeries, scores: ArrayLike<number>, { tpWeight, fpWeight }: Profile): Row[] {
  if (scores.length !== atMs.length) throw new RangeError(`${group}/${file} has ${atMs.length} rows but ${scores.length} scores`);
  const rows: Row[] = [];
  const probation = Math.min(Math.floor(PROBATION_SHARE * scores.length), PROBATION_ROWS_MAX);
  let next = 0;
  for (let row = 0; row < scores.length; row += 1) {
    while ((windows[next]?.last ?? Number.POSITIVE_INFINITY) < row) next += 1;
    if (row < probation) continue;
    const score = scores[row] ?? 0;
    const ahead = windows[next];
    if (ahead && row >= ahead.first) {
      const place = -(ahead.last - row + 1) / (ahead.last - ahead.first + 1);
      rows.push({ score, worth: (scaledSigmoid(place) * tpWeight) / scaledSigmoid(-1), window: `${group}/${file}|${ahead.first}` });
      continue;
    }
    const behind = windows[next - 1];
    const place = behind ? (row - behind.last) / (behind.last - behind.first) : FULL_COST_WINDOWS;
    rows.push({ score, worth: scaledSigmoid(place) * fpWeight, window: null });
  }
  return rows;
}

/** Near 1 at the window's left edge (−1), 0 at its right edge, −1 far behind it. */
export function scaledSigmoid(place: number): number {
  return place >= FULL_COST_WINDOWS ? -1 : 2 / (1 + Math.exp(5 * place)) - 1;
}
