/** What an answer about the minutes ahead is judged by, and what a gap does to it. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type CapacityForecaster, observeMinute, startForecaster } from "../../../../core/scaling/predictive-resource-scaling/capacity-forecaster.ts";
import { lookAhead, type Outcome, settle, startOutlook } from "../../../../core/scaling/predictive-resource-scaling/capacity-outlook.ts";

const LEAD_MINUTES = 5;
const levels = { fast: 2, middle: 2, slow: 2 };

function judge(asks: "demand" | "peak", came: readonly (number | null)[]): Outcome | null {
  let outlook = lookAhead(startOutlook(asks), levels, 2, 0, LEAD_MINUTES);
  let outcome: Outcome | null = null;
  for (const [index, value] of came.entries()) ({ outlook, outcome } = settle(outlook, index + 1, value));
  return outcome;
}

describe("an answer about the minutes ahead", () => {
  it("is judged by its own minute where it was about demand, and by the highest until then where it was about the peak", () => {
    const came = [2, 5, 3, 2, 2.5];
    expect(judge("demand", came)?.naiveError).toBeCloseTo(0.5);
    expect(judge("peak", came)?.naiveError).toBeCloseTo(3);
  });

  it("is not judged by what a gap may have hidden", () => {
    expect(judge("peak", [2, null, 3, 2, 2.5])).toBeNull();
    expect(judge("demand", [2, null, 3, 2, 2.5])?.naiveError).toBeCloseTo(0.5);
    expect(judge("demand", [2, 2, 3, 2, null])).toBeNull();
  });

  it("learns from a gap that nobody told of as little as from one that was told", () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: 0, max: 40, noNaN: true }), { minLength: 1, maxLength: 40 }),
        fc.integer({ min: 1, max: 50 }),
        (demand, gapMinutes) => {
          const start = demand.reduce<CapacityForecaster>(
            (state, units, minute) => observeMinute(state, minute, units),
            startForecaster(LEAD_MINUTES),
          );
          let told = start;
          for (let minute = demand.length; minute < demand.length + gapMinutes; minute += 1) told = observeMinute(told, minute, null);
          const after = demand.length + gapMinutes;
          expect(observeMinute(start, after, 7)).toEqual(observeMinute(told, after, 7));
        },
      ),
      { numRuns: 30 },
    );
  });

  it("stays finite and within its limits for any demand, bursts of a million included", () => {
    const anyUnits = fc.oneof(fc.double({ min: 0, max: 100, noNaN: true }), fc.constantFrom(0, 1e-9, 1e6, null));
    fc.assert(
      fc.property(fc.array(anyUnits, { maxLength: 200 }), (demand) => {
        const state = demand.reduce<CapacityForecaster>(
          (before, units, minute) => observeMinute(before, minute, units),
          startForecaster(LEAD_MINUTES),
        );
        const held = JSON.stringify(state, (_, value) => (typeof value === "number" && !Number.isFinite(value) ? "not finite" : value));
        expect(held).not.toContain("not finite");
        expect(state.ordering.awaited.length).toBeLessThanOrEqual(LEAD_MINUTES);
      }),
      { numRuns: 40 },
    );
  });
});
