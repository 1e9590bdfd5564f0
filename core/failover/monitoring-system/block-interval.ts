/**
 * How often the chain makes a block, learned from when heads moved. The median of the last moves, so that a halt, a node that
 * catches up by hundreds of blocks or a liar in the sample does not change what "stalled" means.
 */
import type { Rules } from "./rules.ts";

export type BlockInterval = { readonly samplesMs: readonly number[] };

/** A median over 31 moves stands still while fewer than half of them are nonsense. */
const WINDOW = 31;
const SAMPLES_MIN = 5;
/** Until anything was learned, on a chain without time slots. The slowest of the common chains is about this. */
const UNKNOWN_INTERVAL_MS = 15_000;
/** Below this, probes once a cadence cannot tell; above, nobody watches by the second. */
const INTERVAL_MS_MIN = 50;
const INTERVAL_MS_MAX = 600_000;

export const unlearned: BlockInterval = { samplesMs: [] };

/** A head rose by `blocks` in `elapsedMs`. */
export function learnMove(interval: BlockInterval, blocks: number, elapsedMs: number): BlockInterval {
  if (blocks < 1 || elapsedMs <= 0) return interval;
  const sampleMs = Math.min(INTERVAL_MS_MAX, Math.max(INTERVAL_MS_MIN, elapsedMs / blocks));
  return { samplesMs: [...interval.samplesMs, sampleMs].slice(-WINDOW) };
}

/** The interval to count with: what was learned, else a slot, else a cautious guess. */
export function intervalMs(interval: BlockInterval, slotMs: number | null): number {
  if (interval.samplesMs.length < SAMPLES_MIN) return slotMs ?? UNKNOWN_INTERVAL_MS;
  // No block comes faster than its slot, whatever a catching-up node seems to show.
  return Math.max(slotMs ?? 0, median(interval.samplesMs));
}

/** The fleet's interval: the middle of the nodes'. One node cannot move it alone. */
export function fleetIntervalMs(intervals: readonly BlockInterval[], slotMs: number | null): number {
  const learned = intervals.filter(({ samplesMs }) => samplesMs.length >= SAMPLES_MIN).map((each) => intervalMs(each, slotMs));
  return learned.length === 0 ? (slotMs ?? UNKNOWN_INTERVAL_MS) : median(learned);
}

/** How long a head may stand still while others move. Three cadences at least: two looks could be at one block. */
export function stallLimitMs(rules: Rules, fleetInterval: number): number {
  return Math.max(rules.stallIntervalsMax * fleetInterval, 3 * rules.cadenceMs);
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const upper = sorted[Math.floor(sorted.length / 2)];
  if (upper === undefined) throw new RangeError("a median needs at least one value");
  const lower = sorted[Math.floor((sorted.length - 1) / 2)] ?? upper;
  return (lower + upper) / 2;
}
