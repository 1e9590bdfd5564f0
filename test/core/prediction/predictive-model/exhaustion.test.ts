import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { estimateExhaustion, SAMPLES_MAX, type Used } from "../../../../core/prediction/predictive-model/exhaustion.ts";
import { noise } from "../../../support/noise.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const START_MS = 1_767_225_600_000;

type Shape = { readonly from: number; readonly perHour: number; readonly spread?: number; readonly minutes?: number; readonly seed?: number };

function used({ from, perHour, spread = 0.005, minutes = 60, seed = 1 }: Shape): Used[] {
  const bytes = noise(seed, minutes);
  return Array.from({ length: minutes }, (_, minute) => {
    const share = from + (perHour * minute) / 60 + spread * ((bytes[minute] ?? 0) / 127.5 - 1);
    return { atMs: START_MS + minute * MINUTE_MS, share: Math.max(0, share) };
  });
}

const chance = (samples: readonly Used[], horizonMs = HOUR_MS): number => estimateExhaustion(samples, horizonMs).probability ?? Number.NaN;

describe("what a node uses up", () => {
  it("is sure to be foretold when it fills within half the horizon, and surely not when it needs three", () => {
    fc.assert(
      fc.property(fc.double({ min: 0.3, max: 0.9, noNaN: true }), fc.integer({ min: 1, max: 1_000 }), (perHour, seed) => {
        const soon = used({ from: Math.max(0, 1 - 1.5 * perHour), perHour, seed });
        const last = soon.at(-1)?.share ?? 0;
        const neededMs = ((1 - last) / perHour) * HOUR_MS;
        expect(chance(soon, 2 * neededMs)).toBeGreaterThan(0.9);
        expect(chance(soon, neededMs / 3)).toBeLessThan(0.1);
      }),
    );
  });

  it("is not foretold of what only wavers, however near its limit", () => {
    fc.assert(
      fc.property(fc.double({ min: 0.1, max: 0.9, noNaN: true }), fc.integer({ min: 1, max: 10_000 }), (from, seed) => {
        expect(chance(used({ from, perHour: 0, spread: 0.02, seed }))).toBeLessThan(0.05);
      }),
    );
  });

  it("is not foretold of a node that was started again, however steeply it rose before", () => {
    const before = used({ from: 0.2, perHour: 0.75 });
    const after = used({ from: 0.1, perHour: 0, minutes: 5 }).map(({ atMs, share }) => ({ atMs: atMs + HOUR_MS, share }));
    for (let known = 1; known <= after.length; known += 1)
      expect(chance([...before, ...after.slice(0, known)]), `${known} samples`).toBeLessThan(0.05);
  });

  it("says nothing of a node that is not measured any more", () => {
    const gone = Array.from({ length: 3 }, (_, minute) => ({ atMs: START_MS + HOUR_MS + minute * MINUTE_MS, share: null }));
    const leak = used({ from: 0.2, perHour: 0.75 });
    expect(estimateExhaustion([...leak, ...gone.slice(0, 2)], HOUR_MS).probability).toBeGreaterThan(0.9);
    expect(estimateExhaustion([...leak, ...gone], HOUR_MS).probability).toBeNull();
  });

  it("is not foretold of a saw whose teeth stay below the limit", () => {
    for (const teeth of [5, 9, 14, 20]) {
      const samples = Array.from({ length: 60 }, (_, minute) => ({
        atMs: START_MS + minute * MINUTE_MS,
        share: 0.4 + (0.4 * (minute % teeth)) / teeth,
      }));
      expect(chance(samples), `teeth of ${teeth} minutes`).toBeLessThan(0.5);
    }
  });

  it("never becomes less likely with a longer horizon", () => {
    fc.assert(
      fc.property(fc.double({ min: -0.5, max: 0.9, noNaN: true }), fc.integer({ min: 1, max: 12 }), (perHour, hours) => {
        const samples = used({ from: 0.05, perHour });
        expect(chance(samples, (hours + 1) * HOUR_MS)).toBeGreaterThanOrEqual(chance(samples, hours * HOUR_MS) - 1e-9);
      }),
    );
  });

  it("does not take a gap for a zero: with holes in it the same leak is foretold", () => {
    const whole = used({ from: 0.3, perHour: 0.5 });
    const holes = whole.map((sample, index) => (index % 3 === 0 ? { ...sample, share: null } : sample));
    expect(chance(holes)).toBeGreaterThan(0.9);
    expect(estimateExhaustion(holes, HOUR_MS).inMs).toBeGreaterThan(0.8 * (estimateExhaustion(whole, HOUR_MS).inMs ?? 0));
  });

  it("is foretold of a leak that began ten minutes ago, after an hour of calm", () => {
    const calm = used({ from: 0.3, perHour: 0, minutes: 50 });
    const leak = used({ from: 0.3, perHour: 1.8, minutes: 12 }).map(({ atMs, share }) => ({ atMs: atMs + 50 * MINUTE_MS, share }));
    expect(chance([...calm, ...leak])).toBeGreaterThan(0.6);
  });

  it("believes a line the less, the further it is drawn: what was seen for a minute is not foretold for a day", () => {
    const seconds = Array.from({ length: 20 }, (_, second) => ({ atMs: START_MS + second * 3_000, share: 0.2 + second * 0.0001 }));
    expect(chance(seconds, 24 * HOUR_MS)).toBeLessThan(0.7);
  });

  it("says how little it knows rather than a number: too few samples, or a limit that is reached", () => {
    expect(estimateExhaustion(used({ from: 0.5, perHour: 0.5, minutes: 7 }), HOUR_MS)).toMatchObject({
      probability: null,
      reason: "7 samples are known, 8 are needed",
    });
    expect(estimateExhaustion([], HOUR_MS).probability).toBeNull();
    expect(estimateExhaustion([...used({ from: 0.5, perHour: 0.2, minutes: 20 }), { atMs: START_MS + HOUR_MS, share: 1 }], HOUR_MS)).toMatchObject({
      probability: 1,
      inMs: 0,
    });
  });

  it("is a probability whatever it is given, and looks at no more than its window", () => {
    const anything = fc.array(
      fc.record({ atMs: fc.integer({ min: 0, max: 1_000_000 }), share: fc.option(fc.double({ min: 0, max: 2, noNaN: true })) }),
      { maxLength: 200 },
    );
    fc.assert(
      fc.property(anything, (samples) => {
        const sorted = samples.toSorted((a, b) => a.atMs - b.atMs);
        const { probability } = estimateExhaustion(sorted, HOUR_MS);
        if (probability !== null) expect(probability >= 0 && probability <= 1).toBe(true);
        if (probability === null) return;
        const known = sorted.filter(({ share }) => share !== null).slice(-SAMPLES_MAX);
        expect(estimateExhaustion(known, HOUR_MS)).toEqual(estimateExhaustion(sorted, HOUR_MS));
      }),
    );
  });
});
