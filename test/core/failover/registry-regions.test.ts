/** Which Regions a strongly consistent registry may span. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { REGION_SETS, strongConsistencyFaults } from "../../../core/failover/stateful-failover/registry-regions.ts";

const sets: readonly (readonly string[])[] = Object.values(REGION_SETS);
const offered = sets.flat();
const anyRegion = fc.constantFrom(...offered, "eu-north-1", "sa-east-1");

describe("the Regions of a strongly consistent registry", () => {
  it("has faults exactly where DynamoDB would refuse: not one Region, not three of one set, or one named twice", () => {
    fc.assert(
      fc.property(fc.array(anyRegion, { maxLength: 5 }), (regions) => {
        const three = new Set(regions).size === 3 && regions.length === 3 && sets.some((set) => regions.every((region) => set.includes(region)));
        const one = regions.length === 1 && offered.includes(regions[0] ?? "");
        const alone = regions.length === 1;
        expect(strongConsistencyFaults(regions).length === 0).toBe(three || one || alone);
      }),
    );
  });

  it("does not depend on the order in which they are named", () => {
    fc.assert(
      fc.property(fc.shuffledSubarray([...offered], { minLength: 2, maxLength: 4 }), (regions) => {
        expect(strongConsistencyFaults(regions).length).toBe(strongConsistencyFaults(regions.toReversed()).length);
      }),
    );
  });

  it("says what is allowed when two observers have no witness", () => {
    expect(strongConsistencyFaults(["us-east-1", "us-west-2"])[0]).toMatch(/two observers and a witness/);
  });

  it("names the Region that offers none", () => {
    expect(strongConsistencyFaults(["us-east-1", "us-east-2", "sa-east-1"]).join()).toMatch(/sa-east-1 offers no strongly consistent tables/);
  });
});
