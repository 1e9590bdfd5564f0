/**
 * When the metrics that the fleet file names are read, and what of the answer is kept. A metric is read once in its period, when the
 * period has settled, and for some time back, since CloudWatch may have a value late or correct it. Each reading is merged
 * into what is kept, so runs that overlap, come late or are left out end with the same record.
 */
import type { MetricReading, NamedMetric } from "../../kernel/named-metric.ts";

const MINUTE_MS = 60_000;
/** A value is read when its period has been over for so long: services send their minutes within one as a rule. */
const SETTLE_MS = MINUTE_MS;
/** How far back a reading goes at least. Its length costs nothing: what is paid for is the metric, not its points. */
const LOOK_BACK_MS = 10 * MINUTE_MS;
/** The registry keeps numbers of this size and no others. */
const SMALLEST = 1e-120;

/** Those whose period has settled within this minute; a minute that is left out is caught up with a period later. */
export function metricsDue(metrics: readonly NamedMetric[], nowMs: number): NamedMetric[] {
  const minute = Math.floor((nowMs - SETTLE_MS) / MINUTE_MS);
  return metrics.filter(({ periodSeconds }) => minute % (periodSeconds / 60) === 0);
}

/** Whole periods, the newest of them settled: from `fromMs` on, before `untilMs`. */
export function spanToRead(periodSeconds: number, nowMs: number): { fromMs: number; untilMs: number } {
  const periodMs = periodSeconds * 1_000;
  const untilMs = Math.floor((nowMs - SETTLE_MS) / periodMs) * periodMs;
  const periods = Math.max(2, Math.ceil(LOOK_BACK_MS / periodMs));
  return { fromMs: Math.max(0, untilMs - periods * periodMs), untilMs };
}

/** Of one node at one moment: the value of each signal that was read. */
export type Minute = { readonly atMs: number; readonly values: Readonly<Record<string, number>> };

/** What is to be written, in order of time: moments at which a value is new or another than the one that is kept. Nothing that is kept is taken back. */
export function minutesToWrite(kept: readonly Minute[], readings: readonly MetricReading[]): Minute[] {
  const known = new Map(kept.map(({ atMs, values }) => [atMs, values]));
  const changed = new Map<number, Record<string, number>>();
  for (const { signal, points } of readings) {
    for (const { atMs, value } of points) {
      if (!isKeepable(value) || (changed.get(atMs) ?? known.get(atMs))?.[signal] === value) continue;
      changed.set(atMs, { ...known.get(atMs), ...changed.get(atMs), [signal]: value });
    }
  }
  return [...changed].map(([atMs, values]) => ({ atMs, values })).toSorted((one, other) => one.atMs - other.atMs);
}

const isKeepable = (value: number): boolean => Math.abs(value) <= Number.MAX_SAFE_INTEGER && (value === 0 || Math.abs(value) >= SMALLEST);
