/**
 * How often a probability was right, in figures anyone can recompute: Brier score (Monthly Weather Review 78, 1950), expected calibration error and
 * the reliability curve by equal bins, and, for a level at which one warns, precision, recall and lead time.
 */
export type ScoredRow = {
  readonly unit: string;
  readonly step: number;
  /** From 0 to 1. */
  readonly probability: number;
  readonly fails: boolean;
  /** Steps until the failure; null when none is known. */
  readonly stepsToFailure: number | null;
};
export type ReliabilityBin = { readonly from: number; readonly to: number; readonly rows: number; readonly said: number; readonly happened: number };
export type Warned = {
  readonly level: number;
  /** Of the rows with a warning, those that failed within the horizon; null without a warning. */
  readonly precision: number | null;
  /** Of the rows that failed within the horizon, those with a warning; null without a failure. */
  readonly recall: number | null;
  /** Of the units that failed, those warned of within the horizon and before the failure; null without one. */
  readonly failuresWarned: number | null;
  /** Steps from the first of these warnings to the failure, the median of the units; null without one. */
  readonly leadStepsMedian: number | null;
};

export const RELIABILITY_BINS = 10;

export function brierScore(rows: readonly Pick<ScoredRow, "probability" | "fails">[]): number {
  return rows.reduce((sum, { probability, fails }) => sum + (probability - Number(fails)) ** 2, 0) / Math.max(1, rows.length);
}

/** Ten bins of equal width; bins without a row are left out. */
export function reliabilityOf(rows: readonly Pick<ScoredRow, "probability" | "fails">[], bins = RELIABILITY_BINS): ReliabilityBin[] {
  const groups = Array.from({ length: bins }, (): { probability: number; fails: boolean }[] => []);
  for (const row of rows) groups[Math.min(bins - 1, Math.floor(row.probability * bins))]?.push(row);
  return groups.flatMap((group, at) =>
    group.length === 0
      ? []
      : [
          {
            from: at / bins,
            to: (at + 1) / bins,
            rows: group.length,
            said: group.reduce((sum, { probability }) => sum + probability, 0) / group.length,
            happened: group.filter(({ fails }) => fails).length / group.length,
          },
        ],
  );
}

/** The mean distance between what was said and what happened, by the bins of `reliabilityOf`, weighted by their rows (Naeini and others, AAAI 2015). */
export function calibrationError(rows: readonly Pick<ScoredRow, "probability" | "fails">[], bins = RELIABILITY_BINS): number {
  return reliabilityOf(rows, bins).reduce((sum, bin) => sum + (bin.rows / rows.length) * Math.abs(bin.said - bin.happened), 0);
}

export function warnedAt(rows: readonly ScoredRow[], level: number): Warned {
  const warned = rows.filter(({ probability }) => probability >= level);
  const failing = rows.filter(({ fails }) => fails);
  const hits = warned.filter(({ fails }) => fails);
  const failedUnits = new Set(failing.map(({ unit }) => unit));
  const leads = new Map<string, number>();
  for (const { unit, stepsToFailure } of hits)
    if (stepsToFailure !== null && stepsToFailure > 0) leads.set(unit, Math.max(leads.get(unit) ?? 0, stepsToFailure));
  const sorted = [...leads.values()].toSorted((a, b) => a - b);
  return {
    level,
    precision: warned.length === 0 ? null : hits.length / warned.length,
    recall: failing.length === 0 ? null : hits.length / failing.length,
    failuresWarned: failedUnits.size === 0 ? null : leads.size / failedUnits.size,
    leadStepsMedian: sorted[(sorted.length - 1) >> 1] ?? null,
  };
}

/** The level with the best F1 on these rows; they must not be the rows it is reported on. */
export function bestLevel(rows: readonly ScoredRow[]): number {
  const sorted = rows.toSorted((left, right) => right.probability - left.probability);
  const failing = rows.filter(({ fails }) => fails).length;
  let [hits, best, level] = [0, 0, 0.5];
  sorted.forEach(({ probability, fails }, at) => {
    hits += Number(fails);
    // Rows of equal probability are warned of together.
    if (sorted[at + 1]?.probability === probability) return;
    const score = (2 * hits) / (at + 1 + failing);
    if (score > best) [best, level] = [score, probability];
  });
  return level;
}

/** Root of the mean squared difference. */
export function rootMeanSquare(pairs: readonly { readonly said: number; readonly was: number }[]): number {
  return Math.sqrt(pairs.reduce((sum, { said, was }) => sum + (said - was) ** 2, 0) / Math.max(1, pairs.length));
}
