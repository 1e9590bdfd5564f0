/**
 * Turns: the works of one role run one at a time, in the order of asking; those of two roles do not know of each other. Each
 * work is given a signal by which it is told to give way: what only helps a validator on (prepare, promote, start) heeds it,
 * so that it never stands in front of a stop, whether it runs already or still waits.
 */
import type { RoleName } from "../core/kernel/ids.ts";

export function roleTurns() {
  const last = new Map<RoleName, Promise<unknown>>();
  const asked = new Map<RoleName, Set<AbortController>>();

  return {
    inTurn<T>(role: RoleName, work: (giveWay: AbortSignal) => Promise<T>): Promise<T> {
      const turn = new AbortController();
      const ofRole = asked.get(role) ?? new Set();
      asked.set(role, ofRole.add(turn));
      const next = (last.get(role) ?? Promise.resolve()).then(() => work(turn.signal)).finally(() => ofRole.delete(turn));
      // Whoever asked hears of the failure; the next in turn must not.
      last.set(
        role,
        next.catch(() => undefined),
      );
      return next;
    },

    /** Tells every work of the role that was asked for until now. */
    giveWay(role: RoleName, reason: string): void {
      for (const turn of asked.get(role) ?? []) turn.abort(reason);
    },
  };
}
