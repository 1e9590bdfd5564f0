/** Cycles are learned from the series, and past errors become bands. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { canCalibrate, spreadOf } from "../../../../core/scaling/predictive-resource-scaling/conformal-intervals.ts";
import { fillGaps, POINTS_MAX, readSeries } from "../../../../core/scaling/predictive-resource-scaling/history.ts";
import { chooseOrigins, holdTrials, TRIALS_MAX } from "../../../../core/scaling/predictive-resource-scaling/rolling-origin.ts";
import { learnSeasons } from "../../../../core/scaling/predictive-resource-scaling/seasonality.ts";
import { dailyAndWeekly, randomWalk, seededNoise } from "./series.ts";

const noisyCycle = (points: number, periodSteps: number, seed: number): Float64Array => {
  const noise = seededNoise(seed);
  return Float64Array.from({ length: points }, (_, step) => 100 + 20 * Math.sin((2 * Math.PI * step) / periodSteps) + 2 * noise());
};

describe("seasons", () => {
  it("are the calendar's at any cadence that a day has four or more steps of", () => {
    for (const stepsPerDay of [4, 24, 96, 288]) {
      const series = Float64Array.from(dailyAndWeekly(15 * stepsPerDay, stepsPerDay));
      expect(learnSeasons(series, stepsPerDay)).toMatchObject({ daySteps: stepsPerDay, weekSteps: 7 * stepsPerDay });
    }
  });

  it("are learned where the series repeats at another lag than the calendar says", () => {
    fc.assert(
      fc.property(fc.integer({ min: 16, max: 34 }), fc.nat(), (periodSteps, seed) => {
        const { daySteps } = learnSeasons(noisyCycle(600, periodSteps, seed), 24);
        if (daySteps !== 24) expect(daySteps).toBe(periodSteps);
        if (Math.abs(periodSteps - 24) > 1) expect(daySteps).toBe(periodSteps);
      }),
    );
  });

  it("shorter than half a day are found too", () => {
    expect(learnSeasons(noisyCycle(400, 37, 5), 1_440).daySteps).toBe(37);
  });

  it("are none in a history shorter than two days of a walk", () => {
    for (let seed = 1; seed <= 20; seed += 1)
      expect(learnSeasons(Float64Array.from(randomWalk(40, seed)), 24)).toMatchObject({ daySteps: null, weekSteps: null });
  });
});

describe("a history", () => {
  it("is read from its newest points only, and from the first measured one on", () => {
    const values = randomWalk(POINTS_MAX + 500, 3);
    expect(readSeries(values)).toEqual(Float64Array.from(values.slice(500)));
    expect(readSeries([null, Number.NaN, Number.POSITIVE_INFINITY, 1, null])).toEqual(Float64Array.from([1, Number.NaN]));
    expect(readSeries([null]).length).toBe(0);
  });
});

describe("gaps", () => {
  it("are filled with finite numbers between what was measured, and stay known as gaps", () => {
    fc.assert(
      fc.property(
        fc.array(fc.option(fc.integer({ min: -50, max: 50 })), { minLength: 1, maxLength: 80 }),
        fc.constantFrom(null, 5, 24),
        (values, periodSteps) => {
          const series = readSeries(values);
          const { values: filled, observed } = fillGaps(series, periodSteps);
          filled.forEach((value, step) => {
            expect(Number.isFinite(value)).toBe(true);
            expect(observed[step]).toBe(Number.isNaN(series[step]) ? 0 : 1);
            if (observed[step] === 1) expect(value).toBe(series[step]);
          });
          if (series.length > 0) expect(observed[0]).toBe(1);
        },
      ),
    );
  });

  it("of a straight line are filled with the line, and of a cycle with the cycle", () => {
    expect([...fillGaps(readSeries([1, null, null, 4, null]), null).values]).toEqual([1, 2, 3, 4, 4]);
    const filled = fillGaps(readSeries([1, 5, 1, 5, null, null, 1, 5]), 2).values;
    expect([...filled]).toEqual([1, 5, 1, 5, 1, 5, 1, 5]);
  });
});

describe("trials", () => {
  it("are bounded, in order, and never know what they are asked for", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 20_160 }),
        fc.integer({ min: 1, max: 2_880 }),
        fc.option(fc.integer({ min: 4, max: 1_440 })),
        (points, horizonSteps, daySteps) => {
          const origins = chooseOrigins(points, horizonSteps, { daySteps, weekSteps: null, reason: "" });
          expect(origins.length).toBeLessThanOrEqual(TRIALS_MAX);
          expect(origins).toEqual([...new Set(origins)].toSorted((left, right) => left - right));
          if (origins.length > 0) expect(origins.at(-1)).toBe(points - horizonSteps);
          for (const known of origins) expect(known).toBeGreaterThanOrEqual(points / 2);
        },
      ),
    );
  });

  it("say the same whatever came after their origin", () => {
    const seasons = { daySteps: 24, weekSteps: null, reason: "" };
    const series = noisyCycle(240, 24, 3);
    for (const { knownSteps, forecasts } of holdTrials(series, 12, seasons, null)) {
      const other = series.map((value, step) => (step < knownSteps ? value : -value * step));
      expect(holdTrials(other, 12, seasons, null).find((each) => each.knownSteps === knownSteps)?.forecasts).toEqual(forecasts);
    }
  });
});

describe("a band from past errors", () => {
  it("holds, at each step, no smaller a share of those errors than it promises", () => {
    fc.assert(
      fc.property(fc.nat(), fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 60 }), (seed, trials, horizonSteps) => {
        const noise = seededNoise(seed);
        const errors = Array.from({ length: trials }, () => Float64Array.from({ length: horizonSteps }, () => noise()));
        const { offsets, errorsMin } = spreadOf(errors, trials, horizonSteps, [0.05, 0.95]);
        const all = errors.flatMap((row) => [...row]);
        const inside = errors.flatMap((row) =>
          [...row].filter((error, step) => error >= (offsets[0]?.[step] ?? 0) && error <= (offsets[1]?.[step] ?? 0)),
        );
        if (canCalibrate(errorsMin, [0.05, 0.95])) expect(inside.length / all.length).toBeGreaterThan(0.8);
        expect(offsets[0]?.every((offset) => offset <= 0)).toBe(true);
        expect(offsets[1]?.every((offset) => offset >= 0)).toBe(true);
      }),
    );
  });

  it("needs nineteen errors for its 5 % and 95 % quantiles", () => {
    expect(canCalibrate(18, [0.05, 0.95])).toBe(false);
    expect(canCalibrate(19, [0.05, 0.95])).toBe(true);
  });
});
