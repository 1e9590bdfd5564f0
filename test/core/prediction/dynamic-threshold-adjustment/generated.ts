/** Series made up from a seed, so that a law about thresholds needs no file. */
import { observe, start } from "../../../../core/prediction/dynamic-threshold-adjustment/observe.ts";
import { DEFAULT_THRESHOLDS, type ThresholdSettings } from "../../../../core/prediction/dynamic-threshold-adjustment/settings.ts";
import type { ThresholdState } from "../../../../core/prediction/dynamic-threshold-adjustment/state.ts";
import type { Verdict } from "../../../../core/prediction/dynamic-threshold-adjustment/verdict.ts";

export const MINUTE_MS = 60_000;
export const HOUR_MS = 60 * MINUTE_MS;
export const DAY_MS = 24 * HOUR_MS;
export const FROM_MS = Date.UTC(2024, 0, 1);

/** Uniform numbers in 0..1 from a seed. */
export function chanceFrom(seed: number): () => number {
  let word = (Math.imul(seed, 2_654_435_761) ^ 0x9e3779b9) | 1;
  return () => {
    word ^= word << 13;
    word ^= word >>> 17;
    word ^= word << 5;
    return (word >>> 0) / 2 ** 32;
  };
}

export function normalFrom(chance: () => number): () => number {
  return () => Math.sqrt(-2 * Math.log(1 - chance())) * Math.cos(2 * Math.PI * chance());
}

export type Shape = "normal" | "heavy" | "exponential" | "daily" | "hourly";

/** One value a cadence. `heavy` has Student's t of 4 degrees of freedom. */
export function makeSeries(shape: Shape, points: number, { seed, cadenceMs }: { seed: number; cadenceMs: number }): number[] {
  const chance = chanceFrom(seed);
  const normal = normalFrom(chance);
  const wave = (row: number, periodMs: number): number => Math.sin((2 * Math.PI * row * cadenceMs) / periodMs);
  return Array.from({ length: points }, (_, row) => {
    if (shape === "heavy") return 50 + normal() / Math.sqrt((normal() ** 2 + normal() ** 2 + normal() ** 2 + normal() ** 2) / 4);
    if (shape === "exponential") return -10 * Math.log(1 - chance());
    if (shape === "daily") return 50 + 20 * wave(row, DAY_MS) + normal();
    if (shape === "hourly") return 50 + 20 * wave(row, HOUR_MS) + normal();
    return 50 + normal();
  });
}

export type Run = { readonly state: ThresholdState; readonly verdicts: Verdict[] };

export function runSeries(
  values: readonly (number | null)[],
  {
    cadenceMs,
    settings = DEFAULT_THRESHOLDS,
    state = start(),
    from = 0,
  }: { cadenceMs: number; settings?: ThresholdSettings; state?: ThresholdState; from?: number },
): Run {
  const verdicts = values.map((value, row) => observe(state, { atMs: FROM_MS + (from + row) * cadenceMs, value }, settings).verdict);
  return { state, verdicts };
}

/** Alarms begin: anomalous points that follow no other within twelve. */
export function countBegun(verdicts: readonly Verdict[]): number {
  let last = Number.NEGATIVE_INFINITY;
  let begun = 0;
  verdicts.forEach(({ kind }, row) => {
    if (kind !== "anomalous") return;
    if (row - last > 12) begun += 1;
    last = row;
  });
  return begun;
}
