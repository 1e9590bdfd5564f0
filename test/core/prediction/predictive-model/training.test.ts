import { describe, expect, it } from "vitest";
import { learnBaselines } from "../../../../core/prediction/predictive-model/baselines.ts";
import { judgeDrift } from "../../../../core/prediction/predictive-model/drift.ts";
import { rootMeanSquare } from "../../../../core/prediction/predictive-model/evaluation.ts";
import { contributionsTo, failureScore } from "../../../../core/prediction/predictive-model/failure-score.ts";
import { FORMAT, readModel, VERSION, writeModel } from "../../../../core/prediction/predictive-model/model-file.ts";
import { predictNow, predictRow, viewOf } from "../../../../core/prediction/predictive-model/predictive-model.ts";
import { knownBefore } from "../../../../core/prediction/predictive-model/split.ts";
import { trainModel } from "../../../../core/prediction/predictive-model/training.ts";
import { evaluationOf, spotsFrom, tryModel } from "../../../../core/prediction/predictive-model/trial.ts";
import { SMALL, wearingUnits } from "./wearing-units.ts";

const lives = wearingUnits(24, 1, 0.05);
const unseen = wearingUnits(12, 2, 0.05);
const model = trainModel(lives, SMALL);
const spots = unseen.flatMap(({ steps }, history) => Array.from(steps, (_, place) => ({ history, place })).filter(({ place }) => place >= 10));
const record = { model, trainedAtMs: 3, trainedFromMs: 1, trainedUntilMs: 2, evaluation: null };

describe("a trained model", () => {
  it("is the same for the same lives and seed, and another for another seed", () => {
    expect(trainModel(lives, SMALL)).toEqual(model);
    expect(trainModel(lives, { ...SMALL, seed: 2 }).failure.trees).not.toEqual(model.failure.trees);
  });

  it("foresees on lives it has not seen twice as well as the base rate, says how sure it is, and how long they still have", () => {
    const rows = tryModel(model, learnBaselines(model, lives), unseen, spots);
    const { brier, brierBaseRate, calibrationError, failures } = evaluationOf(rows);
    expect(failures).toBe(12);
    expect(brier).toBeLessThan(0.5 * brierBaseRate);
    expect(calibrationError).toBeLessThan(0.08);
    const error = (said: (row: (typeof rows)[number]) => number): number =>
      rootMeanSquare(rows.map((row) => ({ said: said(row), was: Math.min(SMALL.capSteps, row.stepsToFailure ?? SMALL.capSteps) })));
    expect(error(({ remainingSteps }) => remainingSteps)).toBeLessThan(0.7 * error(() => 40));
  });

  it("reads each metric under its own condition: the load's three levels are three regimes, and a constant metric is none", () => {
    expect(model.preparation.regimes.centres).toHaveLength(3);
    expect(model.preparation.kept.map((at) => SMALL.columns[at])).toEqual(["heat", "memory", "noise"]);
  });

  it("stays from 0 to 1 and from 0 to the cap even where nothing was measured", () => {
    const blank = {
      unit: "node-x",
      steps: [5],
      columns: SMALL.columns.map(() => Float64Array.of(Number.NaN)),
      startedAtStep: null,
      failedAtStep: null,
      knownUntilStep: 5,
    };
    const { probability, remainingSteps, gapsShare } = predictNow(model, blank);
    expect(probability).toBeGreaterThan(0);
    expect(probability).toBeLessThan(1);
    expect(remainingSteps).toBeGreaterThanOrEqual(0);
    expect(remainingSteps).toBeLessThanOrEqual(SMALL.capSteps);
    expect(gapsShare).toBe(1);
  });

  it("that was trained on nothing, on one life, or on lives without a failure still answers with a probability", () => {
    const [one] = lives;
    if (!one) throw new Error("no life");
    const living = unseen.map((life) => ({ ...life, failedAtStep: null }));
    for (const few of [[], [one], living]) {
      const { probability } = predictNow(trainModel(few, SMALL), one);
      expect(probability > 0 && probability < 1).toBe(true);
    }
  });

  it("trained on what was known at a cut foresees the failures after it better than the base rate", () => {
    const cutStep = 80;
    const before = knownBefore(lives, cutStep, SMALL.horizonSteps);
    const early = trainModel(before, { ...SMALL, calibration: { kind: "time", newestShare: 0.3 } });
    const { brier, brierBaseRate, rows } = evaluationOf(tryModel(early, learnBaselines(early, before), lives, spotsFrom(lives, cutStep)));
    expect(rows).toBeGreaterThan(200);
    expect(brier).toBeLessThan(brierBaseRate);
  });

  it("knows its own kind again, and finds that it drifted when a metric it leans on reads higher by half", () => {
    const hotter = unseen.map((life) => ({
      ...life,
      columns: life.columns.map((column, at) => (at === 1 ? column.map((heat) => 1.5 * heat) : column)),
    }));
    expect(judgeDrift(model.reference, viewOf(model, unseen, spots)).kind).toBe("steady");
    expect(judgeDrift(model.reference, viewOf(model, hotter, spots))).toMatchObject({ kind: "drifted", reason: expect.stringContaining("PSI") });
  });

  it("explains a prediction by contributions that add up to its score", () => {
    const view = viewOf(model, unseen, spots.slice(0, 20));
    for (let row = 0; row < view.rows; row += 1) {
      const { base, contributions } = contributionsTo(
        model.failure,
        view.names,
        view.columns.map((column) => column[row] as number),
      );
      expect(base + contributions.reduce((sum, { amount }) => sum + amount, 0)).toBeCloseTo(failureScore(model.failure, view.columns, row), 8);
    }
    const [dying] = unseen;
    expect(dying && predictNow(model, dying).reason).toMatch(/^fails within the horizon with probability \d.* multiplies the odds by/);
  });

  it("is calibrated on the newest rows where time and not units part them", () => {
    const timed = { ...SMALL, calibration: { kind: "time", newestShare: 0.3 } as const };
    expect(trainModel(lives, timed).calibration.kind).toBeTypeOf("string");
  });
});

describe("a model's file", () => {
  const file = writeModel(record);
  const body = file.slice(file.indexOf("\n") + 1);

  it("gives back a model with identical predictions", () => {
    const read = readModel(file);
    if (read.kind === "damaged") throw new Error(read.reason);
    const view = viewOf(model, unseen, spots);
    const viewAgain = viewOf(read.record.model, unseen, spots);
    for (let row = 0; row < view.rows; row += 11) expect(predictRow(read.record.model, viewAgain, row)).toEqual(predictRow(model, view, row));
  });

  it.each([
    ["a character was changed", file.replace('"trainedAtMs":3', '"trainedAtMs":4'), "checksum"],
    ["the end is missing", file.slice(0, -100), "checksum"],
    ["it is empty", "", "header"],
    ["it is something else", "hello\nworld", "header"],
    ["it is of a later version", file.replace(`"version":${VERSION}`, `"version":${VERSION + 1}`), "version"],
    ["it is larger than any model", "x".repeat(17 * 1_024 * 1_024), "larger"],
  ])("is damaged, with the reason, when %s", (_, damaged, reason) => {
    expect(readModel(damaged)).toMatchObject({ kind: "damaged", reason: expect.stringContaining(reason) });
  });

  it("is damaged when its checksum is right but a tree leads back to itself or asks for a feature that is not there", () => {
    const [tree] = model.failure.trees.trees;
    if (!tree) throw new Error("the model has no tree");
    const withTree = (changed: object) =>
      writeModel({
        ...record,
        model: { ...model, failure: { ...model.failure, trees: { ...model.failure.trees, trees: [{ ...tree, ...changed }] } } },
      });
    expect(readModel(withTree({ left: tree.left.map((child) => Math.min(child, 0)) }))).toMatchObject({
      kind: "damaged",
      reason: expect.stringContaining("leaves"),
    });
    expect(readModel(withTree({ feature: tree.feature.map((cut) => (cut < 0 ? cut : 5_000)) }))).toMatchObject({
      kind: "damaged",
      reason: expect.stringContaining("feature"),
    });
    expect(readModel(withTree({ value: tree.value.map(() => Number.NaN) })).kind).toBe("damaged");
  });

  it("begins with its format and holds what it was trained on", () => {
    expect(file.startsWith(`{"format":"${FORMAT}"`)).toBe(true);
    expect(JSON.parse(body)).toMatchObject({ trainedFromMs: 1, trainedUntilMs: 2, model: { failures: 24 } });
  });
});
