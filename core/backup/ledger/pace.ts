/**
 * How fast a node may be read so that its head never falls behind: additive increase, multiplicative decrease, as D.-M. Chiu
 * and R. Jain showed to be both fair and stable (Analysis of the increase and decrease algorithms for congestion avoidance
 * in computer networks, 1989), with the node's lag in the place of lost packets, and waits that double while it persists
 * (V. Jacobson, Congestion avoidance and control, 1988). Above the lag that is allowed nothing is read at all.
 */

export type Pace = {
  /** Requests at once; 0 while the backup stands aside. */
  readonly concurrency: number;
  /** The lag when this pace was decided, by which the next sees it grow. */
  readonly lagBlocks: number;
  /** Times that it stood aside since a request last did well: the next wait doubles with each. */
  readonly yields: number;
};

export type PaceFacts = {
  /** Blocks behind the fleet's reference head; null where nobody can tell. */
  readonly lagBlocks: number | null;
  /** The slowest request since the last decision; null where there was none. */
  readonly latencyMs: number | null;
  /** Requests since then that were refused, silent or too late. */
  readonly faults: number;
};

export type PaceLimits = {
  readonly lagBlocksMax: number;
  readonly latencyMsMax: number;
  readonly concurrencyMax: number;
  readonly waitMsMin: number;
  readonly waitMsMax: number;
};

export type PaceDecision = { readonly kind: "read" | "yield"; readonly pace: Pace; readonly waitMs: number; readonly reason: string };

/** One request tells how fast the node answers; more wait until it did. */
export const FIRST_PACE: Pace = { concurrency: 1, lagBlocks: 0, yields: 0 };
/** Half: each step down at least halves what the node is asked for, and a few reach one. */
const DECREASE = 0.5;
/** Reading begins again well below the limit, lest it stop and start with each block. */
const RESUME_SHARE = 0.5;
/** 2^20 waits of a millisecond are a quarter of an hour: no limit that is asked for lies higher. */
const DOUBLINGS_MAX = 20;

export function paceLedgerRead(pace: Pace, facts: PaceFacts, limits: PaceLimits): PaceDecision {
  const { lagBlocks } = facts;
  if (lagBlocks === null) return standAside(pace, pace.lagBlocks, limits, "nobody can tell how far the node is behind");
  if (lagBlocks > limits.lagBlocksMax)
    return standAside(pace, lagBlocks, limits, `it is ${lagBlocks} blocks behind, allowed are ${limits.lagBlocksMax}`);
  const resumeBelow = Math.floor(limits.lagBlocksMax * RESUME_SHARE);
  if (pace.concurrency === 0 && lagBlocks > resumeBelow) {
    return standAside(pace, lagBlocks, limits, `it is ${lagBlocks} blocks behind, reading goes on at ${resumeBelow}`);
  }
  // The waits go on from where they were until a request has done well.
  if (pace.concurrency === 0) return read(1, lagBlocks, limits, pace.yields, "the node keeps up: one request at a time");
  const slower = slowerBecause(pace, facts, lagBlocks, limits);
  if (slower === null) return read(pace.concurrency + 1, lagBlocks, limits, 0, "the node keeps up: one request more");
  // Refused at one request at a time: it cannot be slower, so it waits.
  if (facts.faults > 0 && pace.concurrency === 1) return standAside(pace, lagBlocks, limits, slower);
  return read(Math.floor(pace.concurrency * DECREASE), lagBlocks, limits, 0, `${slower}: half as many requests`);
}

function slowerBecause(pace: Pace, { latencyMs, faults }: PaceFacts, lagBlocks: number, limits: PaceLimits): string | null {
  if (faults > 0) return `${faults} requests failed`;
  if (lagBlocks > pace.lagBlocks) return `its lag grew from ${pace.lagBlocks} to ${lagBlocks} blocks`;
  if (latencyMs !== null && latencyMs > limits.latencyMsMax) return `it took ${Math.round(latencyMs)} ms, allowed are ${limits.latencyMsMax}`;
  return null;
}

function read(concurrency: number, lagBlocks: number, limits: PaceLimits, yields: number, reason: string): PaceDecision {
  const allowed = Math.max(1, Math.min(concurrency, limits.concurrencyMax));
  return { kind: "read", pace: { concurrency: allowed, lagBlocks, yields }, waitMs: 0, reason };
}

function standAside(pace: Pace, lagBlocks: number, limits: PaceLimits, reason: string): PaceDecision {
  const waitMs = Math.min(limits.waitMsMax, limits.waitMsMin * 2 ** Math.min(pace.yields, DOUBLINGS_MAX));
  return { kind: "yield", pace: { concurrency: 0, lagBlocks, yields: pace.yields + 1 }, waitMs, reason: `standing aside: ${reason}` };
}
