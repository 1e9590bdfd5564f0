/** Thresholds learn what is usual, at the stated rate of false alarms, whatever the shape, and nothing breaks them. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { observe, start } from "../../../../core/prediction/dynamic-threshold-adjustment/observe.ts";
import { PERIODS } from "../../../../core/prediction/dynamic-threshold-adjustment/season-shape.ts";
import { DEFAULT_THRESHOLDS, falseAlarmShareOf } from "../../../../core/prediction/dynamic-threshold-adjustment/settings.ts";
import { AT, bytesOf, copyState, startState } from "../../../../core/prediction/dynamic-threshold-adjustment/state.ts";
import { applyLabel, thresholdRarity } from "../../../../core/prediction/dynamic-threshold-adjustment/threshold.ts";
import { countBegun, DAY_MS, FROM_MS, HOUR_MS, MINUTE_MS, makeSeries, runSeries, type Shape } from "./generated.ts";

const CADENCE_MS = 5 * MINUTE_MS;
const anyValue = fc.oneof(
  fc.double({ noNaN: true, min: -1e12, max: 1e12 }),
  fc.constantFrom(0, 0, 0, 1e-300, 1e300, -1e300, Number.NaN, Number.POSITIVE_INFINITY),
  fc.constant(null),
);

describe("dynamic thresholds", () => {
  it("give a finite verdict with a reason and keep their size, whatever is observed", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(anyValue, fc.integer({ min: -1, max: 3 })), { maxLength: 400 }), (points) => {
        const state = start();
        let atMs = FROM_MS;
        for (const [value, steps] of points) {
          atMs += steps * MINUTE_MS;
          const { verdict } = observe(state, { atMs, value }, DEFAULT_THRESHOLDS);
          expect(verdict.score).toBeGreaterThanOrEqual(0);
          expect(verdict.score).toBeLessThanOrEqual(1);
          expect(verdict.reason).not.toBe("");
          if (verdict.kind === "gap") continue;
          expect(verdict.rarity).toBeGreaterThanOrEqual(0);
          expect(verdict.band?.low).toBeLessThanOrEqual(verdict.band?.high ?? Number.NaN);
        }
        expect(bytesOf(state)).toBe(bytesOf(startState()));
        expect(bytesOf(state)).toBeLessThan(8 * 1_024);
      }),
      { numRuns: 60 },
    );
  });

  it("begin false alarms at about the stated rate on noise, seasonal and heavy-tailed alike", () => {
    const share = 0.002;
    const points = 15_000;
    const settings = { ...DEFAULT_THRESHOLDS, falseAlarmShare: share };
    for (const shape of ["normal", "heavy", "exponential", "daily", "hourly"] satisfies Shape[]) {
      const begun = [1, 2].reduce(
        (sum, seed) =>
          sum + countBegun(runSeries(makeSeries(shape, points, { seed, cadenceMs: CADENCE_MS }), { cadenceMs: CADENCE_MS, settings }).verdicts),
        0,
      );
      expect(begun / (2 * points), shape).toBeGreaterThan(share * 0.5);
      expect(begun / (2 * points), shape).toBeLessThan(share * 1.6);
    }
  });

  it("say the same of a series in other units", () => {
    const values = makeSeries("daily", 3_000, { seed: 3, cadenceMs: CADENCE_MS });
    const run = (times: number, plus: number) =>
      runSeries(
        values.map((value) => value * times + plus),
        { cadenceMs: CADENCE_MS },
      ).verdicts.map(({ kind }) => kind);
    // Powers of two change no digit, so that nothing but the scale differs.
    expect(run(1_024, 0)).toEqual(run(1, 0));
    expect(run(0.125, 0)).toEqual(run(1, 0));
    // Far from zero only rounding differs, which may tip a point at the very threshold.
    const [near, far] = [run(1, 0), run(1, 1e9)];
    expect(far.filter((kind, row) => kind !== near[row]).length).toBeLessThan(6);
  });

  it("learn a day and an hour without being told, and find what is only strange for its time", () => {
    for (const [shape, cadenceMs, days] of [
      ["daily", CADENCE_MS, 8],
      ["hourly", 2 * MINUTE_MS, 4],
    ] as const) {
      const points = (days * DAY_MS) / cadenceMs;
      const values = makeSeries(shape, points, { seed: 5, cadenceMs });
      const { state } = runSeries(values, { cadenceMs });
      expect(PERIODS[state.numbers[AT.activePeriod] ?? -1]?.name).toBe(shape === "daily" ? "day" : "hour");
      // A quarter of the period in, the wave is at its top; its bottom value is usual, but not now.
      const quarter = (shape === "daily" ? DAY_MS : HOUR_MS) / 4 / cadenceMs;
      const { verdict } = observe(
        runSeries(values.slice(0, quarter), { cadenceMs, state, from: points }).state,
        { atMs: FROM_MS + (points + quarter) * cadenceMs, value: 30 },
        DEFAULT_THRESHOLDS,
      );
      expect(verdict.kind).toBe("anomalous");
    }
  });

  it("never change what is known by a gap, where a zero would", () => {
    const { state } = runSeries(makeSeries("normal", 500, { seed: 1, cadenceMs: CADENCE_MS }), { cadenceMs: CADENCE_MS });
    const before = copyState(state);
    for (const value of [null, Number.NaN])
      expect(observe(state, { atMs: FROM_MS + 500 * CADENCE_MS, value }, DEFAULT_THRESHOLDS).verdict.kind).toBe("gap");
    expect(state).toEqual(before);
    expect(observe(state, { atMs: FROM_MS + 500 * CADENCE_MS, value: 0 }, DEFAULT_THRESHOLDS).verdict.kind).toBe("anomalous");
    expect(state).not.toEqual(before);
  });

  it("judge the first point after a long gap by what was known before it", () => {
    const { state } = runSeries(makeSeries("normal", 2_000, { seed: 1, cadenceMs: CADENCE_MS }), { cadenceMs: CADENCE_MS });
    expect(observe(copyState(state), { atMs: FROM_MS + 9 * DAY_MS, value: 50 }, DEFAULT_THRESHOLDS).verdict.kind).toBe("normal");
    expect(observe(state, { atMs: FROM_MS + 9 * DAY_MS, value: 90 }, DEFAULT_THRESHOLDS).verdict.kind).toBe("anomalous");
  });

  it("keep a confirmed anomaly out of the level, the spread and the season", () => {
    const { state } = runSeries(makeSeries("normal", 1_000, { seed: 2, cadenceMs: CADENCE_MS }), { cadenceMs: CADENCE_MS });
    const { level, scale } = AT;
    const before = copyState(state);
    const { verdicts } = runSeries(new Array(20).fill(5_000), { cadenceMs: CADENCE_MS, state, from: 1_000 });
    expect(verdicts.every(({ kind }) => kind === "anomalous")).toBe(true);
    expect([state.numbers[level], state.numbers[scale]]).toEqual([before.numbers[level], before.numbers[scale]]);
    expect(state.tables.slice(0, 900)).toEqual(before.tables.slice(0, 900));
  });

  it("adopt a change of level after the stated time, and not before", () => {
    const settings = { ...DEFAULT_THRESHOLDS, adoptAfterMs: 3 * HOUR_MS };
    const { state } = runSeries(makeSeries("normal", 2_000, { seed: 4, cadenceMs: CADENCE_MS }), { cadenceMs: CADENCE_MS, settings });
    const shifted = makeSeries("normal", 200, { seed: 6, cadenceMs: CADENCE_MS }).map((value) => value + 40);
    const { verdicts } = runSeries(shifted, { cadenceMs: CADENCE_MS, settings, state, from: 2_000 });
    const points = settings.adoptAfterMs / CADENCE_MS;
    expect(verdicts.slice(0, points).every(({ kind }) => kind === "anomalous")).toBe(true);
    expect(countBegun(verdicts.slice(points + 40))).toBeLessThanOrEqual(1);
    expect((state.numbers[AT.origin] ?? 0) + (state.numbers[AT.level] ?? 0)).toBeCloseTo(90, -1);
  });

  it("do not count the time of a gap for the time a level has held", () => {
    const { state } = runSeries(makeSeries("normal", 2_000, { seed: 4, cadenceMs: CADENCE_MS }), { cadenceMs: CADENCE_MS });
    const { level } = AT;
    const before = state.numbers[level];
    for (const from of [2_000, 4_000, 6_000]) {
      const { verdicts } = runSeries([90, 91, 90], { cadenceMs: CADENCE_MS, state, from });
      expect(verdicts.map(({ kind }) => kind)).toEqual(["anomalous", "anomalous", "anomalous"]);
    }
    expect(state.numbers[level]).toBe(before);
  });

  it("stay quiet on a constant, and notice when it is one no more", () => {
    const { state, verdicts } = runSeries(new Array(1_000).fill(45), { cadenceMs: CADENCE_MS });
    expect(verdicts.some(({ kind }) => kind === "anomalous")).toBe(false);
    expect(observe(state, { atMs: FROM_MS + 1_000 * CADENCE_MS, value: 46 }, DEFAULT_THRESHOLDS).verdict.kind).toBe("anomalous");
  });

  it("do not take each value of a sparse series for an alarm", () => {
    const values = makeSeries("exponential", 10_000, { seed: 8, cadenceMs: MINUTE_MS }).map((value) => (value > 40 ? value : 0));
    const { verdicts } = runSeries(values, { cadenceMs: MINUTE_MS });
    const shown = values.filter((value) => value > 0).length;
    expect(shown).toBeGreaterThan(120);
    expect(countBegun(verdicts)).toBeLessThan(shown / 4);
  });

  it("do not take the reset of a counter for a fall", () => {
    const steps = makeSeries("normal", 3_000, { seed: 9, cadenceMs: MINUTE_MS });
    let count = 0;
    const values = steps.map((step, row) => {
      count = row % 700 === 699 ? step : count + step;
      return count;
    });
    const { verdicts } = runSeries(values, { cadenceMs: MINUTE_MS, settings: { ...DEFAULT_THRESHOLDS, isCounter: true } });
    expect([699, 1_399, 2_099, 2_799].map((row) => verdicts[row]?.kind)).toEqual(["normal", "normal", "normal", "normal"]);
    expect(runSeries(values, { cadenceMs: MINUTE_MS }).verdicts.every(({ score }) => Number.isFinite(score))).toBe(true);
  });

  it("keep the band within the stated bounds, and around what is usual", () => {
    const settings = { ...DEFAULT_THRESHOLDS, bounds: { low: 0, high: 51 } };
    const { verdicts } = runSeries(makeSeries("normal", 1_500, { seed: 10, cadenceMs: CADENCE_MS }), { cadenceMs: CADENCE_MS, settings });
    for (const { band } of verdicts) {
      expect(band?.low).toBeGreaterThanOrEqual(0);
      expect(band?.high).toBeLessThanOrEqual(51);
    }
    const last = verdicts.at(-1)?.band;
    expect(last?.low).toBeLessThan(49);
    expect(last?.low).toBeGreaterThan(20);
  });

  it("are moved by an operator's word: false makes alarms rarer, true likelier, and neither without limit", () => {
    const { state } = runSeries(makeSeries("normal", 1_000, { seed: 11, cadenceMs: CADENCE_MS }), { cadenceMs: CADENCE_MS });
    const before = thresholdRarity(state, DEFAULT_THRESHOLDS);
    const rarer = thresholdRarity(applyLabel(copyState(state), { isTrue: false }, DEFAULT_THRESHOLDS), DEFAULT_THRESHOLDS);
    const likelier = thresholdRarity(applyLabel(copyState(state), { isTrue: true }, DEFAULT_THRESHOLDS), DEFAULT_THRESHOLDS);
    expect(likelier).toBeLessThan(before);
    expect(rarer).toBeGreaterThan(before);
    for (let said = 0; said < 1_000; said += 1) applyLabel(state, { isTrue: true }, DEFAULT_THRESHOLDS);
    expect(thresholdRarity(state, DEFAULT_THRESHOLDS)).toBeGreaterThan(1);
    for (let said = 0; said < 1_000; said += 1) applyLabel(state, { isTrue: false }, DEFAULT_THRESHOLDS);
    expect(thresholdRarity(state, DEFAULT_THRESHOLDS)).toBeLessThan(9);
  });

  it("explain an alarm by its value, the expected band and how rare it is", () => {
    const { state } = runSeries(makeSeries("normal", 1_000, { seed: 12, cadenceMs: CADENCE_MS }), { cadenceMs: CADENCE_MS });
    const { verdict } = observe(state, { atMs: FROM_MS + 1_000 * CADENCE_MS, value: 777 }, DEFAULT_THRESHOLDS);
    expect(verdict.reason).toMatch(/^777 \(expected [\d.]+ to [\d.]+\): .*times a day$/);
    expect(verdict.rarity).toBeLessThan(1);
  });

  it("have one false alarm in ten days at a point a minute for a share of one in 14400", () => {
    expect(falseAlarmShareOf({ perDay: 0.1, cadenceMs: MINUTE_MS })).toBeCloseTo(1 / 14_400, 12);
  });
});
