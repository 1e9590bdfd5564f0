/**
 * Route flap damping (RFC 2439) for nodes: each confirmed fault adds a penalty that halves with time. Above one limit the
 * node is suppressed (its "healthy" is not confirmed, so it is neither elected nor readmitted) until the penalty has
 * decayed below a lower one. Faults close together add up, so each relapse costs more time than the one before.
 */
export type Damping = { readonly penalty: number; readonly atMs: number; readonly suppressed: boolean };

export const FLAP_PENALTY = 1_000;
/** Three faults within a half-life; two may be one fault that came back while it was being mended. */
export const SUPPRESS_ABOVE = 2_000;
/** A single fault is below this the moment after, so it costs no extra time. */
export const REUSE_BELOW = FLAP_PENALTY;
/** However often a node flaps, it may come back after this many quiet half-lives. */
const HALF_LIVES_MAX = 4;
export const PENALTY_MAX = REUSE_BELOW * 2 ** HALF_LIVES_MAX;

export function undamped(nowMs: number): Damping {
  return { penalty: 0, atMs: nowMs, suppressed: false };
}

/** The damping as it stands at `nowMs`. Time never raises it. */
export function decayed(damping: Damping, nowMs: number, halfLifeMs: number): Damping {
  const elapsedMs = Math.max(0, nowMs - damping.atMs);
  const penalty = damping.penalty * 2 ** -(elapsedMs / halfLifeMs);
  return { penalty, atMs: Math.max(nowMs, damping.atMs), suppressed: damping.suppressed && penalty >= REUSE_BELOW };
}

export function faulted(damping: Damping, nowMs: number, halfLifeMs: number): Damping {
  const before = decayed(damping, nowMs, halfLifeMs);
  const penalty = Math.min(PENALTY_MAX, before.penalty + FLAP_PENALTY);
  return { ...before, penalty, suppressed: before.suppressed || penalty > SUPPRESS_ABOVE };
}
