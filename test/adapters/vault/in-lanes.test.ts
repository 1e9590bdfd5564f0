/** Lanes: every item once, no more at once than lanes, and nothing under way once it has ended, whatever failed. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { inLanes } from "../../../adapters/vault/in-lanes.ts";

const LANES = 3;
const turns = async (count: number): Promise<void> => {
  for (let turn = 0; turn < count; turn += 1) await Promise.resolve();
};

describe("work in lanes", () => {
  it("does each item once, and no more at once than there are lanes", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat({ max: 9 }), { maxLength: 30 }), fc.integer({ min: 1, max: 5 }), async (items, lanes) => {
        const done: number[] = [];
        let underWay = 0;
        await inLanes(items, lanes, async (item) => {
          underWay += 1;
          expect(underWay).toBeLessThanOrEqual(lanes);
          await turns(item);
          done.push(item);
          underWay -= 1;
        });
        expect(done.toSorted()).toEqual(items.toSorted());
      }),
    );
  });

  it("throws the first failure only when nothing is under way any more, and begins nothing after it", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat({ max: 9 }), { minLength: 1, maxLength: 30, size: "max" }), fc.nat(), async (items, pick) => {
        const failing = pick % items.length;
        let [underWay, begunAfter] = [0, 0];
        let hasFailed = false;
        const work = inLanes(items.entries(), LANES, async ([index, item]) => {
          if (hasFailed) begunAfter += 1;
          underWay += 1;
          await turns(item);
          underWay -= 1;
          if (index !== failing) return;
          hasFailed = true;
          throw new Error("the first");
        });
        await expect(work).rejects.toThrow("the first");
        expect(underWay).toBe(0);
        /** Another lane may have looked for its next item in the very turn in which this one failed. */
        expect(begunAfter).toBeLessThanOrEqual(LANES - 1);
      }),
    );
  });
});
