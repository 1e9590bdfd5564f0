/** A clock that stands where a test puts it. */
import type { Clock } from "../../core/kernel/ports.ts";

export function settableClock(startMs = 1_700_000_000_000): Clock & { set(wallMs: number): void } {
  let nowMs = startMs;
  return {
    wallMs: () => nowMs,
    monotonicMs: () => nowMs,
    sleep: async () => {},
    set: (wallMs) => {
      nowMs = wallMs;
    },
  };
}
