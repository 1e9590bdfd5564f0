import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { sigmoid } from "../../../../core/prediction/predictive-model/boosting.ts";
import { calibrated, chooseCalibration, fitIsotonic, fitPlatt } from "../../../../core/prediction/predictive-model/calibration.ts";
import { chanceOf } from "../../../../core/prediction/predictive-model/chance.ts";
import { bestLevel, brierScore, calibrationError, reliabilityOf, warnedAt } from "../../../../core/prediction/predictive-model/evaluation.ts";

const anyRows = fc
  .array(fc.tuple(fc.oneof(fc.integer({ min: -4, max: 4 }), fc.double({ min: -9, max: 9, noNaN: true })), fc.integer({ min: 0, max: 1 })), {
    minLength: 1,
    maxLength: 80,
  })
  .map((rows) => ({ scores: Float64Array.from(rows, ([score]) => score), outcomes: Float64Array.from(rows, ([, outcome]) => outcome) }));
const brierOf = ({ scores, outcomes }: { scores: Float64Array; outcomes: Float64Array }, at: (score: number) => number): number =>
  brierScore(Array.from(scores, (score, row) => ({ probability: at(score), fails: outcomes[row] === 1 })));

describe("isotonic calibration", () => {
  it("never falls as the score grows and stays from 0 to 1, between its rows too", () => {
    fc.assert(
      fc.property(anyRows, fc.array(fc.double({ min: -20, max: 20, noNaN: true }), { minLength: 2, maxLength: 30 }), (rows, asked) => {
        const curve = fitIsotonic(rows);
        const said = [...asked, ...rows.scores].toSorted((a, b) => a - b).map((score) => calibrated(score, curve));
        said.forEach((probability, at) => {
          expect(probability).toBeGreaterThanOrEqual(Math.max(0, (said[at - 1] ?? 0) - 1e-12));
          expect(probability).toBeLessThanOrEqual(1);
        });
      }),
    );
  });

  it("has on its own rows a Brier score no worse than the raw one, nor than Platt's", () => {
    fc.assert(
      fc.property(anyRows, (rows) => {
        const [curve, platt] = [fitIsotonic(rows), fitPlatt(rows)];
        const own = brierOf(rows, (score) => calibrated(score, curve));
        expect(own).toBeLessThanOrEqual(brierOf(rows, sigmoid) + 1e-12);
        expect(own).toBeLessThanOrEqual(brierOf(rows, (score) => calibrated(score, platt)) + 1e-12);
      }),
    );
  });
});

describe("isotonic calibration of equal scores", () => {
  it("does not join them to lower ones because the first of them did not fail", () => {
    const rows = { scores: Float64Array.of(1, 1, 2, 2, 2, 2), outcomes: Float64Array.of(1, 0, 0, 1, 1, 1) };
    expect([1, 2].map((score) => calibrated(score, fitIsotonic(rows)))).toEqual([0.5, 0.75]);
  });
});

describe("Platt's calibration", () => {
  it("never turns the order of scores round and is finite for any outcomes", () => {
    fc.assert(
      fc.property(anyRows, (rows) => {
        const curve = fitPlatt(rows);
        const said = rows.scores.toSorted().map((score) => calibrated(score, curve));
        said.forEach((probability, at) => {
          expect(probability).toBeGreaterThanOrEqual(said[at - 1] ?? 0);
          expect(probability).toBeLessThanOrEqual(1);
        });
      }),
    );
  });
});

describe("the choice of a calibration", () => {
  const overconfident = (factor: number) => {
    const chance = chanceOf(11);
    const truth = Float64Array.from({ length: 4_000 }, () => 6 * chance.next() - 3);
    return {
      scores: truth.map((score) => factor * score),
      outcomes: truth.map((score) => Number(chance.next() < sigmoid(score))),
      groups: Array.from(truth, (_, row) => `unit-${row % 40}`),
    };
  };

  it("mends scores that are too sure of themselves, and takes what has the lowest Brier score on rows not fitted on", () => {
    const rows = overconfident(4);
    const { calibration, brierByKind } = chooseCalibration(rows);
    expect(calibration.kind).not.toBe("as it is");
    expect(brierByKind[calibration.kind]).toBe(Math.min(...Object.values(brierByKind)));
    const said = Array.from(rows.scores, (score, row) => ({ probability: calibrated(score, calibration), fails: rows.outcomes[row] === 1 }));
    expect(calibrationError(said)).toBeLessThan(0.03);
    expect(calibrationError(said.map(({ fails }, row) => ({ probability: sigmoid(rows.scores[row] as number), fails })))).toBeGreaterThan(0.1);
  });

  it("answers when one group is all there is", () => {
    expect(chooseCalibration({ scores: Float64Array.of(1, 2), outcomes: Float64Array.of(0, 1), groups: ["a", "a"] }).calibration.kind).toBeTypeOf(
      "string",
    );
  });
});

describe("evaluation", () => {
  const row = (unit: string, step: number, probability: number, stepsToFailure: number) => ({
    unit,
    step,
    probability,
    fails: stepsToFailure <= 10,
    stepsToFailure,
  });

  it("puts every row into one bin of the reliability curve", () => {
    fc.assert(
      fc.property(fc.array(fc.record({ probability: fc.double({ min: 0, max: 1, noNaN: true }), fails: fc.boolean() }), { minLength: 1 }), (rows) => {
        const bins = reliabilityOf(rows);
        expect(bins.reduce((sum, bin) => sum + bin.rows, 0)).toBe(rows.length);
        for (const { from, to, said } of bins) expect(said >= from - 1e-9 && said <= to + 1e-9).toBe(true);
        expect(calibrationError(rows)).toBeLessThanOrEqual(1);
      }),
    );
  });

  it("counts the lead from the first warning within the horizon, not from a false alarm long before", () => {
    const rows = [row("a", 1, 0.9, 50), row("a", 43, 0.8, 8), row("a", 46, 0.9, 5), row("b", 9, 0.1, 4), row("c", 3, 0.2, 90)];
    expect(warnedAt(rows, 0.5)).toEqual({ level: 0.5, precision: 2 / 3, recall: 2 / 3, failuresWarned: 0.5, leadStepsMedian: 8 });
    expect(warnedAt(rows, 0.99)).toMatchObject({ precision: null, recall: 0, failuresWarned: 0, leadStepsMedian: null });
  });

  it("takes as its level a probability that was said, with the best F1 of all of them", () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.record({
            unit: fc.constant("a"),
            step: fc.nat(),
            probability: fc.integer({ min: 0, max: 9 }).map((tenth) => tenth / 10),
            fails: fc.boolean(),
            stepsToFailure: fc.constant(1),
          }),
          { minLength: 1, maxLength: 30 },
        ),
        (rows) => {
          const scoreAt = (level: number): number => {
            const { precision, recall } = warnedAt(rows, level);
            return precision && recall ? (2 * precision * recall) / (precision + recall) : 0;
          };
          const best = scoreAt(bestLevel(rows));
          for (const { probability } of rows) expect(scoreAt(probability)).toBeLessThanOrEqual(best + 1e-12);
        },
      ),
    );
  });
});
