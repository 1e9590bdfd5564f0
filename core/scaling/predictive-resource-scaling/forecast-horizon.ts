/**
 * How far a forecast must look so that capacity is ready when it is needed: no less than the slowest of the newest drills took from its
 * start to a caught-up node, and the wait for the next decision on top. Nothing measured is said to be nothing measured: then a
 * stated default is taken, or the answer is refused.
 */

/** What a restore drill measured, from its start until its node was restored, booted and caught up. */
export type MeasuredDrill = { readonly finishedAtMs: number; readonly rtoMs: number };

export type HorizonOrder = {
  /** The cadence of the series. */
  readonly cadenceMs: number;
  /** The longest time between two decisions on capacity. */
  readonly decisionMs: number;
  /** What the caller would like; a shorter one than was measured is lifted. `null`: as short as is right. */
  readonly askedMs: number | null;
  /** Taken when nothing was measured; `null` refuses instead. */
  readonly defaultMs: number | null;
};

export type Horizon =
  | { readonly kind: "measured" | "default"; readonly horizonMs: number; readonly horizonSteps: number; readonly reason: string }
  | { readonly kind: "refused"; readonly reason: string };

/** Older drills ran on a smaller chain. */
const DRILLS_MAX = 10;

export function horizonOf(drills: readonly MeasuredDrill[], order: HorizonOrder): Horizon {
  const { cadenceMs, decisionMs, askedMs, defaultMs } = order;
  if (!(cadenceMs > 0)) return { kind: "refused", reason: `a cadence is above 0 ms, and ${cadenceMs} was given` };
  const newest = drills
    .filter(({ rtoMs }) => Number.isFinite(rtoMs) && rtoMs > 0)
    .toSorted((left, right) => right.finishedAtMs - left.finishedAtMs)
    .slice(0, DRILLS_MAX);
  if (newest.length === 0 && defaultMs === null)
    return { kind: "refused", reason: "no drill has measured how long a node takes to be restored and to catch up" };
  const rtoMs = newest.reduce((slowest, drill) => Math.max(slowest, drill.rtoMs), 0);
  const leastMs = (newest.length === 0 ? (defaultMs ?? 0) : rtoMs) + Math.max(0, decisionMs);
  const horizonSteps = Math.max(1, Math.ceil(Math.max(leastMs, askedMs ?? 0) / cadenceMs));
  const because =
    newest.length === 0
      ? `no drill has measured how long a node takes, so ${seconds(defaultMs ?? 0)} is assumed`
      : `the slowest of the newest ${newest.length} drills took ${seconds(rtoMs)} until its node was caught up`;
  const lifted = askedMs !== null && askedMs < leastMs ? `; the ${seconds(askedMs)} asked for would be too late` : "";
  return {
    kind: newest.length === 0 ? "default" : "measured",
    horizonMs: horizonSteps * cadenceMs,
    horizonSteps,
    reason: `${because}, and the next decision may be ${seconds(decisionMs)} away${lifted}`,
  };
}

function seconds(ms: number): string {
  return `${Math.ceil(ms / 1_000)} s`;
}
