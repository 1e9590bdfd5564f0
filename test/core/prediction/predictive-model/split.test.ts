import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { failsWithin } from "../../../../core/prediction/predictive-model/history.ts";
import { foldUnits, knownBefore, splitUnits } from "../../../../core/prediction/predictive-model/split.ts";
import { wearingUnits } from "./wearing-units.ts";

const anyUnits = fc.array(fc.string({ minLength: 1, maxLength: 4 }), { minLength: 2, maxLength: 60 });

describe("a split", () => {
  it("has each unit on one side only, however often it is named, and does not depend on their order", () => {
    fc.assert(
      fc.property(anyUnits, fc.double({ min: 0, max: 1, noNaN: true }), fc.integer(), (units, share, seed) => {
        const { train, test } = splitUnits(units, share, seed);
        expect(new Set([...train, ...test])).toEqual(new Set(units));
        expect(train.length + test.length).toBe(new Set(units).size);
        expect(splitUnits(units.toReversed(), share, seed)).toEqual({ train, test });
        if (new Set(units).size > 1) expect(Math.min(train.length, test.length)).toBeGreaterThan(0);
      }),
    );
  });

  it("has each unit in one fold", () => {
    fc.assert(
      fc.property(anyUnits, fc.integer({ min: 1, max: 8 }), fc.integer(), (units, folds, seed) => {
        const found = foldUnits(units, folds, seed).flat();
        expect(found.toSorted()).toEqual([...new Set(units)].toSorted());
      }),
    );
  });

  it("in time teaches no row whose outcome was not yet known at the cut, and no failure that had not happened", () => {
    const lives = wearingUnits(6, 3);
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 150 }), fc.integer({ min: 1, max: 40 }), (cutStep, horizonSteps) => {
        for (const { unit, steps, columns, failedAtStep, knownUntilStep } of knownBefore(lives, cutStep, horizonSteps)) {
          expect(Number(Array.from(steps).at(-1)) + horizonSteps).toBeLessThan(cutStep);
          expect(failedAtStep ?? -1).toBeLessThan(cutStep);
          expect(knownUntilStep).toBeLessThan(cutStep);
          expect(columns.every(({ length }) => length === steps.length)).toBe(true);
          const whole = lives.find((life) => life.unit === unit);
          for (const step of Array.from(steps)) {
            const told = failsWithin({ unit, steps, columns, failedAtStep, knownUntilStep, startedAtStep: 0 }, step, horizonSteps);
            expect(told).toBe(whole ? failsWithin(whole, step, horizonSteps) : undefined);
          }
        }
      }),
      { numRuns: 60 },
    );
  });
});
