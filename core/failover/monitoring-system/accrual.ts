/**
 * How suspicious a silence is, from the node's own history of good answers: the phi accrual failure detector (Hayashibara,
 * Défago, Yared and Katayama, "The φ accrual failure detector", SRDS 2004). Phi is −log10 of the chance that an honest
 * node with this history is still to answer; a steady node is suspected soon, a jittery one later.
 */
export type Arrivals = {
  /** Between good answers, newest last. */
  readonly intervalsMs: readonly number[];
  /** The last good answer, or the beginning of watching. */
  readonly lastMs: number;
};

/** A minute at the default cadence: long enough for a spread, short enough to follow a change of route. */
const WINDOW = 64;
/** With fewer samples the cadence itself is the better guess. */
const SAMPLES_MIN = 8;
/** A gap of an outage is not the node's manner of answering; counted in full it would teach that silence is normal. */
const LEARNED_INTERVAL_CADENCES_MAX = 4;
/** On loopback the spread is microseconds, and the first late packet would look like death. */
const SPREAD_FLOOR_CADENCES = 0.25;

/** One in a thousand such silences is innocent. */
export const PHI_CONFIRMS = 3;

export function firstArrival(nowMs: number): Arrivals {
  return { intervalsMs: [], lastMs: nowMs };
}

export function arrived(arrivals: Arrivals, nowMs: number, cadenceMs: number): Arrivals {
  const intervalMs = Math.min(Math.max(0, nowMs - arrivals.lastMs), LEARNED_INTERVAL_CADENCES_MAX * cadenceMs);
  return { intervalsMs: [...arrivals.intervalsMs, intervalMs].slice(-WINDOW), lastMs: nowMs };
}

/** Phi at `nowMs`: 0 is none, 1 "one in ten such silences is innocent", 3 "one in a thousand". Grows with the silence. */
export function suspicionAt(arrivals: Arrivals, nowMs: number, cadenceMs: number): number {
  const { meanMs, spreadMs } = manner(arrivals, cadenceMs);
  const deviations = (nowMs - arrivals.lastMs - meanMs) / spreadMs;
  // The normal tail by its logistic approximation, good to 0.02 % where it matters and finite everywhere.
  const exponent = deviations * (1.5976 + 0.070566 * deviations * deviations);
  if (exponent > 30) return exponent / Math.LN10;
  return Math.log1p(Math.exp(exponent)) / Math.LN10;
}

function manner({ intervalsMs }: Arrivals, cadenceMs: number): { meanMs: number; spreadMs: number } {
  const floorMs = SPREAD_FLOOR_CADENCES * cadenceMs;
  if (intervalsMs.length < SAMPLES_MIN) return { meanMs: cadenceMs, spreadMs: floorMs };
  const meanMs = intervalsMs.reduce((sum, each) => sum + each, 0) / intervalsMs.length;
  const variance = intervalsMs.reduce((sum, each) => sum + (each - meanMs) ** 2, 0) / intervalsMs.length;
  return { meanMs, spreadMs: Math.max(floorMs, Math.sqrt(variance)) };
}
