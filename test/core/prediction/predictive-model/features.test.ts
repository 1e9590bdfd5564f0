import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { featureNames, featuresOf } from "../../../../core/prediction/predictive-model/features.ts";
import { failsWithin, type History, livesOf, remainingSteps } from "../../../../core/prediction/predictive-model/history.ts";

const SETTINGS = { metrics: ["cpu", "lag"], windowsSteps: [4, 10], halfLivesSteps: [2, 5], baselineSteps: 6, usesAge: true };
const anyColumn = (length: number) =>
  fc.array(fc.oneof({ weight: 4, arbitrary: fc.integer({ min: -50, max: 50 }) }, { weight: 1, arbitrary: fc.constant(Number.NaN) }), {
    minLength: length,
    maxLength: length,
  });
const anyHistory = fc.integer({ min: 3, max: 40 }).chain((length) =>
  fc
    .record({
      cpu: anyColumn(length),
      lag: anyColumn(length),
      strides: fc.array(fc.integer({ min: 1, max: 3 }), { minLength: length, maxLength: length }),
    })
    .map(({ cpu, lag, strides }) => {
      let step = 0;
      return historyOf(
        strides.map((stride) => {
          step += stride;
          return step;
        }),
        [cpu, lag],
      );
    }),
);

function historyOf(steps: number[], columns: number[][]): History {
  return {
    unit: "node-a",
    steps,
    columns: columns.map((column) => Float64Array.from(column)),
    startedAtStep: 0,
    failedAtStep: null,
    knownUntilStep: steps.at(-1) ?? 0,
  };
}
const rowAt = (history: History, place: number): number[] =>
  featuresOf([history], [{ history: 0, place }], SETTINGS).columns.map((column) => column[0] as number);
const cutAfter = (history: History, place: number): History =>
  historyOf(
    Array.from(history.steps).slice(0, place + 1),
    history.columns.map((column) => [...column.subarray(0, place + 1)]),
  );

describe("features", () => {
  it("never look at a later row", () => {
    fc.assert(
      fc.property(anyHistory, fc.nat(), (history, pick) => {
        const place = pick % history.steps.length;
        expect(rowAt(history, place)).toEqual(rowAt(cutAfter(history, place), place));
      }),
    );
  });

  it("do not change when a row in which nothing was measured is left out", () => {
    fc.assert(
      fc.property(anyHistory, fc.nat(), (history, pick) => {
        const kept = Array.from(history.steps, (_, place) => place);
        const hole = 1 + (pick % Math.max(1, kept.length - 2));
        const blank = historyOf(
          kept.map((place) => history.steps[place] as number),
          history.columns.map((column) => [...column].map((value, place) => (place === hole ? Number.NaN : value))),
        );
        const without = historyOf(
          kept.filter((place) => place !== hole).map((place) => blank.steps[place] as number),
          blank.columns.map((column) => [...column].filter((_, place) => place !== hole)),
        );
        const last = history.steps.length - 1;
        if (hole < last) expect(rowAt(blank, last)).toEqual(rowAt(without, last - 1));
      }),
    );
  });

  it("give one name to each column", () => {
    const names = featureNames(SETTINGS);
    expect(new Set(names).size).toBe(names.length);
    expect(rowAt(historyOf([1], [[1], [2]]), 0)).toHaveLength(names.length);
  });

  it("find a slope that one spike does not turn round", () => {
    const values = Array.from({ length: 30 }, (_, step) => 2 * step + (step % 3));
    values[28] = -5_000;
    const row = rowAt(
      historyOf(
        Array.from({ length: 30 }, (_, step) => step),
        [values, values],
      ),
      29,
    );
    expect(row[featureNames(SETTINGS).indexOf("cpu: slope of 10")]).toBeCloseTo(2, 0);
    const clean = rowAt(
      historyOf(
        Array.from({ length: 30 }, (_, step) => step),
        [values.with(28, 57), values],
      ),
      29,
    );
    expect(clean[featureNames(SETTINGS).indexOf("cpu: slope of 10")]).toBeCloseTo(2, 0);
  });
});

describe("a history", () => {
  it("is cut at its failures into lives that hold every row once, none of which ends after its failure", () => {
    fc.assert(
      fc.property(anyHistory, fc.array(fc.integer({ min: 1, max: 100 }), { maxLength: 4 }), ({ failedAtStep: _, ...whole }, failures) => {
        const lives = livesOf(whole, failures);
        expect(lives.flatMap(({ steps }) => Array.from(steps))).toEqual(Array.from(whole.steps));
        for (const { steps, failedAtStep } of lives)
          if (failedAtStep !== null) expect(Number(Array.from(steps).at(-1))).toBeLessThanOrEqual(failedAtStep);
      }),
    );
  });

  it("does not call a life healthy whose horizon has not ended", () => {
    const living = historyOf([1, 2, 3], [[], []]);
    expect([failsWithin(living, 2, 1), failsWithin(living, 3, 1), remainingSteps(living, 1, 5)]).toEqual([false, null, null]);
    expect([failsWithin({ ...living, failedAtStep: 9 }, 3, 6), remainingSteps({ ...living, failedAtStep: 9 }, 3, 5)]).toEqual([true, 5]);
  });
});
