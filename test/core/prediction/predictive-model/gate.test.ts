import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { judgeDrift, learnReference, stabilityIndex } from "../../../../core/prediction/predictive-model/drift.ts";
import { comparePromotion, decideModel, type FallBackCause, type ModelFacts } from "../../../../core/prediction/predictive-model/gate.ts";

const anyShares = fc.array(fc.integer({ min: 0, max: 100 }), { minLength: 5, maxLength: 5 }).map((parts) => {
  const whole = parts.reduce((sum, part) => sum + part + 1, 0);
  return parts.map((part) => (part + 1) / whole);
});
const matrixOf = (values: readonly number[]) => ({ names: ["cpu"], rows: values.length, columns: [Float64Array.from(values)] });
const ramp = Array.from({ length: 1_000 }, (_, at) => at);

describe("drift", () => {
  it("is nothing on the same sample and never less than nothing", () => {
    fc.assert(
      fc.property(anyShares, anyShares, (then, now) => {
        expect(stabilityIndex(then, then)).toBe(0);
        expect(stabilityIndex(then, now)).toBeGreaterThanOrEqual(0);
      }),
    );
    expect(judgeDrift(learnReference(matrixOf(ramp), [1]), matrixOf(ramp))).toMatchObject({ kind: "steady", features: [{ psi: 0, distance: 0 }] });
  });

  it("grows as the sample moves on, until the model may not be used", () => {
    const reference = learnReference(matrixOf(ramp), [1]);
    const drifts = [0, 50, 100, 200, 400, 800].map((by) => judgeDrift(reference, matrixOf(ramp.map((value) => value + by))));
    const indexes = drifts.map((drift) => (drift.kind === "unknown" ? Number.NaN : (drift.features[0]?.psi ?? Number.NaN)));
    indexes.forEach((index, at) => void expect(index).toBeGreaterThan(at === 0 ? -1 : (indexes[at - 1] as number)));
    expect(drifts.map(({ kind }) => kind)).toEqual(["steady", "steady", "drifted", "drifted", "drifted", "drifted"]);
    expect(drifts.at(-1)?.reason).toContain("cpu");
  });

  it("sees gaps that were not there, lets wander what the model does not look at, and does not judge a handful of rows", () => {
    const gaps = ramp.map((value) => (value % 2 === 0 ? Number.NaN : value));
    expect(judgeDrift(learnReference(matrixOf(ramp), [1]), matrixOf(gaps)).kind).toBe("drifted");
    expect(judgeDrift(learnReference(matrixOf(ramp), [0.1]), matrixOf(gaps)).kind).toBe("steady");
    expect(judgeDrift(learnReference(matrixOf(ramp), [1]), matrixOf(gaps.slice(0, 50))).kind).toBe("unknown");
  });
});

const EVALUATION = { brier: 0.02, brierBaseRate: 0.1, brierBestBaseline: 0.05, calibrationError: 0.01, rows: 900, failures: 12 };
const GOOD: ModelFacts = {
  file: { kind: "read" },
  rows: 5_000,
  failures: 40,
  trainedAgoMs: 86_400_000,
  evaluation: EVALUATION,
  drift: { kind: "steady", reason: "", features: [] },
  gapsShare: 0,
};

describe("the gate", () => {
  const doubts: [FallBackCause, Partial<ModelFacts>, string][] = [
    ["absent", { file: { kind: "absent" } }, "no model"],
    ["damaged", { file: { kind: "damaged", reason: "its checksum is 00" } }, "checksum"],
    ["thin", { failures: 3 }, "3 failures"],
    ["thin", { rows: 10 }, "10 rows"],
    ["old", { trainedAgoMs: 60 * 86_400_000 }, "60 days"],
    ["failed its gate", { evaluation: null }, "never evaluated"],
    ["failed its gate", { evaluation: { ...EVALUATION, failures: 0 } }, "no failure"],
    ["failed its gate", { evaluation: { ...EVALUATION, brier: 0.2 } }, "base rate"],
    ["failed its gate", { evaluation: { ...EVALUATION, brier: 0.06 } }, "plain baseline"],
    ["failed its gate", { evaluation: { ...EVALUATION, brier: Number.NaN } }, "base rate"],
    ["failed its gate", { evaluation: { ...EVALUATION, calibrationError: 0.2 } }, "calibration error"],
    ["drifted", { drift: { kind: "drifted", reason: "memory has moved", features: [] } }, "memory"],
    ["gaps", { gapsShare: 0.9 }, "90 %"],
  ];

  it.each(doubts)("falls back to thresholds when the model is %s", (cause, doubt, words) => {
    const decision = decideModel({ ...GOOD, ...doubt });
    expect(decision).toMatchObject({ kind: "fall-back", cause });
    expect(decision.reason).toContain(words);
  });

  it("lets a model speak of which nothing is doubted, and says when drift could not be told", () => {
    expect(decideModel(GOOD).kind).toBe("use-model");
    expect(decideModel({ ...GOOD, drift: { kind: "unknown", reason: "50 rows are too few" } })).toMatchObject({
      kind: "use-model",
      reason: expect.stringContaining("too few"),
    });
  });
});

describe("a promotion", () => {
  const LIMITS = { rowsMin: 4, failuresMin: 1 };
  const anyPaired = fc.array(
    fc.record({
      week: fc.constantFrom("1", "2", "3"),
      fails: fc.boolean(),
      candidate: fc.double({ min: 0, max: 1, noNaN: true }),
      live: fc.double({ min: 0, max: 1, noNaN: true }),
    }),
    { maxLength: 40 },
  );

  it("never goes both ways: of two models on the same rows at most one replaces the other", () => {
    fc.assert(
      fc.property(anyPaired, (rows) => {
        const back = rows.map(({ candidate, live, ...row }) => ({ ...row, candidate: live, live: candidate }));
        expect([comparePromotion(rows, LIMITS).kind, comparePromotion(back, LIMITS).kind]).not.toEqual(["promote", "promote"]);
      }),
    );
  });

  it("needs rows, failures, a better score, and more than half of the weeks", () => {
    const better = ["1", "2", "3"].flatMap((week) => [true, false].map((fails) => ({ week, fails, candidate: fails ? 0.9 : 0.1, live: 0.5 })));
    expect(comparePromotion(better, LIMITS).kind).toBe("promote");
    expect(comparePromotion(better.slice(0, 2), LIMITS)).toMatchObject({ kind: "keep", reason: expect.stringContaining("2 rows") });
    expect(
      comparePromotion(
        better.map((row) => ({ ...row, fails: false })),
        LIMITS,
      ).kind,
    ).toBe("keep");
    const oneGoodWeek = better.map((row) => (row.week === "1" ? { ...row, live: 1 - row.candidate } : { ...row, live: row.candidate }));
    expect(comparePromotion(oneGoodWeek, LIMITS)).toMatchObject({ kind: "keep", reason: expect.stringContaining("1 of 3 weeks") });
  });
});
