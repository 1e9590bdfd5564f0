/** A horizon is never shorter than what was measured, and never pretends to be measured. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type HorizonOrder, horizonOf } from "../../../../core/scaling/predictive-resource-scaling/forecast-horizon.ts";

const ORDER: HorizonOrder = { cadenceMs: 60_000, decisionMs: 60_000, askedMs: null, defaultMs: 900_000 };
const anyDrill = fc.record({ finishedAtMs: fc.integer({ min: 0, max: 1e9 }), rtoMs: fc.integer({ min: 1, max: 1e7 }) });
const anyOrder = fc.record({
  cadenceMs: fc.integer({ min: 1_000, max: 3_600_000 }),
  decisionMs: fc.integer({ min: 0, max: 600_000 }),
  askedMs: fc.option(fc.integer({ min: 0, max: 1e7 })),
  defaultMs: fc.option(fc.integer({ min: 0, max: 1e7 })),
});

describe("a horizon", () => {
  it("is never shorter than the slowest of the newest ten drills and the wait for a decision, nor than what was asked for", () => {
    fc.assert(
      fc.property(fc.array(anyDrill, { minLength: 1, maxLength: 30 }), anyOrder, (drills, order) => {
        const horizon = horizonOf(drills, order);
        if (horizon.kind === "refused") throw new Error(horizon.reason);
        const newest = drills.toSorted((left, right) => right.finishedAtMs - left.finishedAtMs).slice(0, 10);
        expect(horizon.kind).toBe("measured");
        expect(horizon.horizonMs).toBeGreaterThanOrEqual(Math.max(...newest.map(({ rtoMs }) => rtoMs)) + order.decisionMs);
        expect(horizon.horizonMs).toBeGreaterThanOrEqual(order.askedMs ?? 0);
        expect(horizon.horizonMs).toBe(horizon.horizonSteps * order.cadenceMs);
      }),
    );
  });

  it("is the stated default when nothing was measured, and says so", () => {
    expect(horizonOf([], ORDER)).toEqual({
      kind: "default",
      horizonMs: 960_000,
      horizonSteps: 16,
      reason: "no drill has measured how long a node takes, so 900 s is assumed, and the next decision may be 60 s away",
    });
  });

  it("is refused when nothing was measured and no default is stated, or the cadence is none", () => {
    expect(horizonOf([], { ...ORDER, defaultMs: null }).kind).toBe("refused");
    expect(horizonOf([{ finishedAtMs: 1, rtoMs: Number.NaN }], { ...ORDER, defaultMs: null }).kind).toBe("refused");
    expect(horizonOf([{ finishedAtMs: 1, rtoMs: 5 }], { ...ORDER, cadenceMs: 0 }).kind).toBe("refused");
  });

  it("that is asked for and would be too late is lifted, with the reason", () => {
    const horizon = horizonOf([{ finishedAtMs: 1, rtoMs: 600_000 }], { ...ORDER, askedMs: 120_000 });
    expect(horizon).toMatchObject({ kind: "measured", horizonSteps: 11 });
    expect(horizon.reason).toContain("the 120 s asked for would be too late");
  });
});
