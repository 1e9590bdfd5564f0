import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type LeadFacts, leadOf } from "../../../../core/scaling/predictive-resource-scaling/lead-time.ts";

const drill = fc.record({ finishedAtMs: fc.nat(1e9), rtoMs: fc.integer({ min: 1, max: 90 * 60_000 }) });
const few = fc.array(drill, { maxLength: 10 });
const factsOf = (fields: Partial<LeadFacts> = {}): LeadFacts => ({
  drills: [],
  starts: [],
  decisionMs: 60_000,
  defaultMs: 300_000,
  current: null,
  ...fields,
});

describe("how far ahead a forecast looks", () => {
  it("is never shorter than the slowest measured start or drill and the wait for the next decision", () => {
    fc.assert(
      fc.property(few, few, fc.option(fc.integer({ min: 1, max: 120 })), (drills, starts, current) => {
        const slowest = Math.max(0, ...[...drills, ...starts].map(({ rtoMs }) => rtoMs));
        const { minutes } = leadOf(factsOf({ drills, starts, current }));
        expect(minutes * 60_000).toBeGreaterThanOrEqual(slowest + 60_000);
        expect(minutes).toBeLessThanOrEqual(120);
      }),
    );
  });

  it("stays as it is while it is enough and no half of it would be, so that what was learned is kept", () => {
    fc.assert(
      fc.property(few, few, fc.integer({ min: 1, max: 120 }), (drills, starts, current) => {
        const first = leadOf(factsOf({ drills, starts, current })).minutes;
        expect(leadOf(factsOf({ drills, starts, current: first })).minutes).toBe(first);
      }),
    );
  });

  it("is the fleet file's word until something was measured, and says so", () => {
    expect(leadOf(factsOf())).toMatchObject({ minutes: 8, reason: expect.stringContaining("no drill has measured") });
    const starts = [{ finishedAtMs: 1, rtoMs: 45_000 }];
    expect(leadOf(factsOf({ starts }))).toMatchObject({ minutes: 2, reason: expect.stringContaining("starts here took 45 s") });
    const drills = [{ finishedAtMs: 1, rtoMs: 4 * 3_600_000 }];
    expect(leadOf(factsOf({ drills, starts }))).toMatchObject({ minutes: 120, reason: expect.stringContaining("120 minutes ahead at most") });
  });
});
