/**
 * What is known of one unit's life: measurements at whole steps of a cadence (minutes, cycles), gaps where nothing was measured, and
 * whether and when it failed. A node that failed and came back has several lives, so a life ends with at most one failure.
 */
export type History = {
  readonly unit: string;
  /** Steps of the cadence from any origin, whole and ascending; a step that is missing is a gap. */
  readonly steps: ArrayLike<number>;
  /** One column a metric, as long as `steps`; NaN where that metric was not measured. */
  readonly columns: readonly Float64Array[];
  /** When operation began; null where nobody knows. */
  readonly startedAtStep: number | null;
  /** The step of the failure that ended this life; null while it lives. */
  readonly failedAtStep: number | null;
  /** Up to here it is known whether it failed. */
  readonly knownUntilStep: number;
};

/** Steps from `step` to the failure; `capSteps` when it is known to be at least that; null when nobody knows yet. */
export function remainingSteps({ failedAtStep, knownUntilStep }: History, step: number, capSteps: number): number | null {
  if (failedAtStep !== null) return failedAtStep < step ? null : Math.min(capSteps, failedAtStep - step);
  return knownUntilStep - step >= capSteps ? capSteps : null;
}

/** Whether it fails within the horizon after `step`; null when the horizon has not ended and it still lives, or the failure is behind. */
export function failsWithin({ failedAtStep, knownUntilStep }: History, step: number, horizonSteps: number): boolean | null {
  if (failedAtStep !== null) return failedAtStep < step ? null : failedAtStep - step <= horizonSteps;
  return knownUntilStep - step >= horizonSteps ? false : null;
}

/** Cuts what was measured of one node at its failures: each life holds the rows after the failure before and up to its own. */
export function livesOf(whole: Omit<History, "failedAtStep">, failedAtSteps: readonly number[]): History[] {
  const ends = [...failedAtSteps.toSorted((a, b) => a - b), null];
  let after = Number.NEGATIVE_INFINITY;
  const lives: History[] = [];
  for (const failedAtStep of ends) {
    const from = placeAfter(whole.steps, after);
    const to = failedAtStep === null ? whole.steps.length : placeAfter(whole.steps, failedAtStep);
    if (to > from)
      lives.push({
        unit: whole.unit,
        steps: Array.prototype.slice.call(whole.steps, from, to) as number[],
        columns: whole.columns.map((column) => column.subarray(from, to)),
        startedAtStep: Number.isFinite(after) ? (whole.steps[from] ?? null) : whole.startedAtStep,
        failedAtStep,
        knownUntilStep: failedAtStep ?? whole.knownUntilStep,
      });
    after = failedAtStep ?? after;
  }
  return lives;
}

/** The first place whose step is later than `step`. */
export function placeAfter(steps: ArrayLike<number>, step: number): number {
  let [low, high] = [0, steps.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((steps[middle] ?? 0) <= step) low = middle + 1;
    else high = middle;
  }
  return low;
}
