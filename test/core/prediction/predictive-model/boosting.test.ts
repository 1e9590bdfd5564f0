import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Matrix } from "../../../../core/prediction/predictive-model/bins.ts";
import { type BoostingSettings, boostTrees, scoreOf, sigmoid } from "../../../../core/prediction/predictive-model/boosting.ts";
import { chanceOf } from "../../../../core/prediction/predictive-model/chance.ts";
import { treeContributions } from "../../../../core/prediction/predictive-model/explanation.ts";
import { fitLinear, linearScore } from "../../../../core/prediction/predictive-model/linear.ts";

const SETTINGS: BoostingSettings = {
  loss: "logistic",
  treesMax: 20,
  learningRate: 0.3,
  rowShare: 0.8,
  featureShare: 1,
  binsMax: 32,
  ensembles: 1,
  leavesMax: 6,
  depthMax: 4,
  shrinkage: 1,
  leafWeightMin: 0.5,
  seed: 1,
};
const matrixOf = (columns: readonly Float64Array[]): Matrix => ({ names: columns.map((_, at) => `f${at}`), rows: columns[0]?.length ?? 0, columns });
const anyValue = fc.oneof(
  { weight: 9, arbitrary: fc.double({ min: -1_000, max: 1_000, noNaN: true }) },
  { weight: 1, arbitrary: fc.constant(Number.NaN) },
);
const anyData = fc.array(fc.tuple(anyValue, anyValue, fc.integer({ min: 0, max: 1 })), { minLength: 8, maxLength: 80 }).map((rows) => ({
  matrix: matrixOf([0, 1].map((at) => Float64Array.from(rows, (row) => row[at] as number))),
  targets: Float64Array.from(rows, (row) => row[2]),
}));
const scoresOf = (matrix: Matrix, targets: Float64Array, settings = SETTINGS): number[] => {
  const model = boostTrees(matrix, targets, settings);
  return Array.from(targets, (_, row) => scoreOf(model, matrix.columns, row));
};

describe("boosted trees", () => {
  it("are the same for the same seed", () => {
    fc.assert(
      fc.property(anyData, fc.integer(), ({ matrix, targets }, seed) => {
        expect(boostTrees(matrix, targets, { ...SETTINGS, seed })).toEqual(boostTrees(matrix, targets, { ...SETTINGS, seed }));
      }),
      { numRuns: 40 },
    );
  });

  it("say the same of their rows when a feature is stretched in any way that keeps its order", () => {
    fc.assert(
      fc.property(anyData, ({ matrix, targets }) => {
        const order = [...new Set((matrix.columns[0] as Float64Array).filter((value) => !Number.isNaN(value)))].toSorted((a, b) => a - b);
        const stretched = (matrix.columns[0] as Float64Array).map((value) =>
          Number.isNaN(value) ? value : 1.5 ** Math.min(order.indexOf(value), 60) + order.indexOf(value),
        );
        expect(scoresOf(matrixOf([stretched, matrix.columns[1] as Float64Array]), targets)).toEqual(scoresOf(matrix, targets));
      }),
      { numRuns: 60 },
    );
  });

  it("keep their limits of trees, leaves and depth", () => {
    fc.assert(
      fc.property(anyData, fc.integer({ min: 1, max: 9 }), fc.integer({ min: 2, max: 6 }), ({ matrix, targets }, treesMax, leavesMax) => {
        const { trees } = boostTrees(matrix, targets, { ...SETTINGS, treesMax, leavesMax });
        expect(trees.length).toBeLessThanOrEqual(treesMax);
        for (const { feature } of trees) expect(feature.filter((cut) => cut < 0).length).toBeLessThanOrEqual(leavesMax);
      }),
      { numRuns: 40 },
    );
  });

  it("have contributions that add up to the score", () => {
    fc.assert(
      fc.property(anyData, ({ matrix, targets }) => {
        const model = boostTrees(matrix, targets, SETTINGS);
        for (let row = 0; row < matrix.rows; row += 1) {
          const { base, amounts } = treeContributions(
            model,
            matrix.columns.map((column) => column[row] as number),
            2,
          );
          expect(base + amounts.reduce((sum, amount) => sum + amount, 0)).toBeCloseTo(scoreOf(model, matrix.columns, row), 9);
        }
      }),
      { numRuns: 40 },
    );
  });

  it("learn exclusive or, which logistic regression cannot", () => {
    const chance = chanceOf(4);
    const columns = [0, 1].map(() => Float64Array.from({ length: 400 }, () => chance.next() - 0.5));
    const matrix = matrixOf(columns);
    const targets = Float64Array.from({ length: 400 }, (_, row) => Number((columns[0]?.[row] ?? 0) > 0 !== (columns[1]?.[row] ?? 0) > 0));
    const shareRight = (probabilityAt: (row: number) => number): number =>
      targets.filter((target, row) => probabilityAt(row) > 0.5 === target > 0.5).length / 400;
    const trees = boostTrees(matrix, targets, { ...SETTINGS, treesMax: 60 });
    const line = fitLinear(matrix, targets, { loss: "logistic", penaltyRows: 1, iterationsMax: 20 });
    expect(shareRight((row) => sigmoid(scoreOf(trees, columns, row)))).toBeGreaterThan(0.95);
    expect(shareRight((row) => sigmoid(linearScore(line, columns, row)))).toBeLessThan(0.65);
  });

  it("learn from a gap itself, without taking it for a zero", () => {
    const column = Float64Array.from({ length: 200 }, (_, row) => (row % 4 === 0 ? Number.NaN : (row % 7) - 3));
    const targets = column.map((value) => Number(Number.isNaN(value)));
    const trees = boostTrees(matrixOf([column]), targets, SETTINGS);
    expect(sigmoid(scoreOf(trees, [Float64Array.of(Number.NaN)], 0))).toBeGreaterThan(0.9);
    expect(sigmoid(scoreOf(trees, [Float64Array.of(0)], 0))).toBeLessThan(0.1);
  });
});

describe("linear models", () => {
  it("find a plane that is there, and do not mind a column that never changes", () => {
    const chance = chanceOf(9);
    const columns = [0, 1].map(() => Float64Array.from({ length: 300 }, () => 10 * chance.next()));
    const matrix = matrixOf([...columns, new Float64Array(300).fill(5)]);
    const targets = Float64Array.from({ length: 300 }, (_, row) => 3 + 2 * (columns[0]?.[row] ?? 0) - (columns[1]?.[row] ?? 0));
    const plane = fitLinear(matrix, targets, { loss: "squared", penaltyRows: 1e-6, iterationsMax: 1 });
    for (let row = 0; row < 300; row += 7) expect(linearScore(plane, matrix.columns, row)).toBeCloseTo(targets[row] as number, 4);
  });

  it("stay finite where the outcomes can be told apart without error", () => {
    const column = Float64Array.from({ length: 100 }, (_, row) => row);
    const line = fitLinear(
      matrixOf([column]),
      column.map((value) => Number(value > 50)),
      { loss: "logistic", penaltyRows: 1, iterationsMax: 50 },
    );
    expect(line.coefficients.every(Number.isFinite)).toBe(true);
    expect(linearScore(line, [Float64Array.of(90)], 0)).toBeGreaterThan(linearScore(line, [Float64Array.of(10)], 0));
  });
});
