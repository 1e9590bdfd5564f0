/** The machine's clocks. A sleep that is aborted ends early and quietly: whoever aborted it knows why. */
import type { Clock } from "../core/kernel/ports.ts";

export function systemClock(): Clock {
  return {
    wallMs: () => Date.now(),
    monotonicMs: () => performance.now(),
    sleep: (ms, signal) =>
      new Promise((resolve) => {
        if (signal?.aborted) return resolve();
        const end = () => {
          clearTimeout(timer);
          signal?.removeEventListener("abort", end);
          resolve();
        };
        const timer = setTimeout(end, Math.max(0, ms));
        signal?.addEventListener("abort", end, { once: true });
      }),
  };
}
