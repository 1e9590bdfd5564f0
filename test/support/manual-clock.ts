/**
 * A clock that a test turns by hand. Sleepers wake in the order of their time, one after another, and everything that a
 * woken sleeper sets off has settled before the next one wakes; so a test sees one and the same order every time.
 */
import type { Clock } from "../../core/kernel/ports.ts";

type Sleeper = { readonly atMs: number; readonly order: number; readonly wake: () => void };

export type ManualClock = Clock & {
  /** Turns the clock on by `ms`, waking whoever sleeps until then. */
  advance(ms: number): Promise<void>;
  /** The process stops for `ms`: time goes by and nobody wakes meanwhile. */
  freeze(ms: number): void;
};

/** Enough for any test here; a loop that never sleeps would otherwise spin for ever. */
const WAKES_MAX = 1_000_000;

export function manualClock(startWallMs = 1_800_000_000_000): ManualClock {
  let elapsedMs = 0;
  let serial = 0;
  let sleepers: Sleeper[] = [];

  const next = (untilMs: number): Sleeper | undefined => {
    const due = sleepers.filter(({ atMs }) => atMs <= untilMs).toSorted((a, b) => a.atMs - b.atMs || a.order - b.order);
    return due[0];
  };

  return {
    wallMs: () => startWallMs + elapsedMs,
    // Starts elsewhere than the wall, so that a mix-up of the two does not pass.
    monotonicMs: () => 5_000 + elapsedMs,
    sleep: (ms, signal) =>
      new Promise((resolve) => {
        if (signal?.aborted) return resolve();
        serial += 1;
        const sleeper: Sleeper = { atMs: elapsedMs + Math.max(0, ms), order: serial, wake: resolve };
        sleepers.push(sleeper);
        signal?.addEventListener(
          "abort",
          () => {
            sleepers = sleepers.filter((each) => each !== sleeper);
            resolve();
          },
          { once: true },
        );
      }),
    async advance(ms) {
      const untilMs = elapsedMs + ms;
      await settled();
      for (let wakes = 0; wakes < WAKES_MAX; wakes += 1) {
        const sleeper = next(untilMs);
        if (!sleeper) {
          elapsedMs = untilMs;
          return settled();
        }
        elapsedMs = Math.max(elapsedMs, sleeper.atMs);
        sleepers = sleepers.filter((each) => each !== sleeper);
        sleeper.wake();
        await settled();
      }
      throw new Error(`${WAKES_MAX} sleepers woke within ${ms} ms: something does not sleep at all`);
    },
    freeze(ms) {
      elapsedMs += ms;
    },
  };
}

/** Every microtask that is ready, and those that they make ready, run before an immediate does. */
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
