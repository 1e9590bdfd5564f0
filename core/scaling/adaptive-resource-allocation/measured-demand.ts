/**
 * The demand of several nodes as one series, from what each said at its own times. A node that says nothing where it is wont to is a gap: the
 * sum of the others is then known to be too low, which is enough to add capacity by and never enough to take any away by.
 */
export type NodeSeries = { readonly node: string; readonly points: readonly { readonly atMs: number; readonly value: number | null }[] };

export type DemandFacts = {
  readonly series: readonly NodeSeries[];
  readonly nowMs: number;
  /** How often a node's value is written. */
  readonly cadenceMs: number;
  readonly windowSamples: number;
};

export type MeasuredDemand = {
  /** At least so much; null where nobody said anything. */
  readonly now: number | null;
  readonly measuredAtMs: number;
  /** Oldest first, `now` not among them; null where a node is missing. */
  readonly window: readonly (number | null)[];
  /** The last whole minute since 1970, and its mean; null where a node is missing in any part of it. */
  readonly minute: number;
  readonly minuteMean: number | null;
  readonly nodes: number;
};

/** A value is good for two cadences: writers are late by a part of one. */
const GOOD_CADENCES = 2;
const MINUTE_MS = 60_000;
const SAMPLES_PER_MINUTE_MAX = 30;

export function measureDemand({ series, nowMs, cadenceMs, windowSamples }: DemandFacts): MeasuredDemand {
  /** Nodes that never count requests are no gap: they are not asked. */
  const counted = series.filter(({ points }) => points.some(({ value }) => value !== null));
  const at = (atMs: number): Sample => sampleAt(counted, atMs, GOOD_CADENCES * cadenceMs);
  const newest = at(nowMs);
  const window = Array.from({ length: windowSamples }, (_, index) => whole(at(nowMs - (windowSamples - index) * cadenceMs)));
  const minute = Math.floor(nowMs / MINUTE_MS) - 1;
  const perMinute = Math.min(SAMPLES_PER_MINUTE_MAX, Math.max(1, Math.floor(MINUTE_MS / cadenceMs)));
  const inMinute = Array.from({ length: perMinute }, (_, index) => whole(at(minute * MINUTE_MS + ((index + 1) * MINUTE_MS) / perMinute)));
  const known = inMinute.filter((value) => value !== null);
  const minuteMean = known.length < perMinute ? null : known.reduce((sum, value) => sum + value, 0) / perMinute;
  return { now: newest.sum, measuredAtMs: newest.measuredAtMs, window, minute, minuteMean, nodes: counted.length };
}

type Sample = { readonly sum: number | null; readonly isWhole: boolean; readonly measuredAtMs: number };

/** Null where a node is missing: what is only known to be too low is a gap. */
function whole({ sum, isWhole }: Sample): number | null {
  return isWhole ? sum : null;
}

function sampleAt(counted: readonly NodeSeries[], atMs: number, goodMs: number): Sample {
  let sum = 0;
  let found = 0;
  let measuredAtMs = 0;
  for (const { points } of counted) {
    const newest = points.findLast((point) => point.atMs <= atMs);
    if (newest === undefined || newest.value === null || atMs - newest.atMs >= goodMs) continue;
    sum += newest.value;
    found += 1;
    measuredAtMs = Math.max(measuredAtMs, newest.atMs);
  }
  return { sum: found === 0 ? null : sum, isWhole: found > 0 && found === counted.length, measuredAtMs };
}
