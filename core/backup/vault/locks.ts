/**
 * Which objects' locks are to be extended now. A bucket locks a version for some days from when it was stored; a pack that backups still
 * need after that would lie there unlocked. Each is given the whole time again at each third of it, by two runs, so that a missed run costs
 * no lock; an object costs six requests in the time that a lock lasts.
 */
const SHARE = 3;
const RUNS_AFTER = 2;

export type Locked = { readonly key: string; readonly modifiedMs: number };

/** `everyMs`: the time since the last run. What is younger than a third of the lock has most of it left. */
export function locksDue(objects: Iterable<Locked>, facts: { nowMs: number; everyMs: number; lockMs: number }): string[] {
  const { nowMs, everyMs, lockMs } = facts;
  const periodMs = lockMs / SHARE;
  const thirds = (atMs: number, modifiedMs: number): number => Math.floor(Math.max(0, atMs - modifiedMs) / periodMs);
  return [...objects].filter(({ modifiedMs }) => thirds(nowMs, modifiedMs) > thirds(nowMs - RUNS_AFTER * everyMs, modifiedMs)).map(({ key }) => key);
}
