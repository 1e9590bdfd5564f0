/** What a forecast makes of series whose future is known. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { dailyAndWeekly, made, randomWalk, seededNoise, seededUniform } from "./series.ts";

describe("a series that has only one future", () => {
  it("of a day and a week is forecast exactly", () => {
    const whole = dailyAndWeekly(24 * 7 * 5);
    const { median, seasons } = made(whole.slice(0, -24));
    expect(seasons).toMatchObject({ daySteps: 24, weekSteps: 168 });
    median.forEach((value, step) => {
      expect(value).toBeCloseTo(whole.at(step - 24) ?? 0, 6);
    });
  });

  it("that is constant stays so, with a band of no width", () => {
    for (const [points, value] of [
      [1, 5],
      [3, 0],
      [50, -2],
      [500, 1e6],
    ] as const) {
      const { quantiles } = made(Array.from({ length: points }, () => value));
      for (const each of quantiles) expect([...each]).toEqual(Array.from({ length: 24 }, () => value));
    }
  });

  it("keeps its form when a fifth of it and a whole day were not measured", () => {
    const whole = dailyAndWeekly(24 * 7 * 5);
    const uniform = seededUniform(11);
    const holed = whole.slice(0, -24).map((value, step) => (uniform() < 0.2 || (step > 400 && step < 425) ? null : value));
    made(holed).median.forEach((value, step) => {
      expect(Math.abs(value - (whole.at(step - 24) ?? 0))).toBeLessThan(5);
    });
  });
});

describe("a gap", () => {
  it("is never a 0: far from 0, no forecast and no band of a steady series comes near it", () => {
    fc.assert(
      fc.property(fc.nat(), fc.double({ min: 0.05, max: 0.5, noNaN: true }), (seed, gaps) => {
        const noise = seededNoise(seed);
        const uniform = seededUniform(seed + 1);
        const values = Array.from({ length: 200 }, () => (uniform() < gaps ? null : 1_000 + noise()));
        if (values.every((value) => value === null)) return;
        const { quantiles } = made(values);
        for (const each of quantiles) for (const value of each) expect(Math.abs(value - 1_000)).toBeLessThan(50);
      }),
      { numRuns: 20 },
    );
  });

  it("at the end moves the horizon: the first step forecast is the one after the last cell, measured or not", () => {
    const whole = dailyAndWeekly(24 * 7 * 5);
    const cut = [...whole.slice(0, -30), ...Array.from({ length: 6 }, () => null)];
    made(cut).median.forEach((value, step) => {
      expect(Math.abs(value - (whole.at(step - 24) ?? 0))).toBeLessThan(5);
    });
  });
});

describe("noise", () => {
  it("that only walks is left to a baseline more often than not, and what is said of it costs less than a fifth over the naive forecast", () => {
    let [own, naive, baselines] = [0, 0, 0];
    for (let seed = 1; seed <= 12; seed += 1) {
      const walk = randomWalk(324, seed);
      const { median, kind } = made(walk.slice(0, 300));
      if (kind === "baseline") baselines += 1;
      median.forEach((value, step) => {
        own += Math.abs(value - (walk[300 + step] ?? 0));
        naive += Math.abs((walk[299] ?? 0) - (walk[300 + step] ?? 0));
      });
    }
    expect(own / naive).toBeLessThan(1.2);
    expect(baselines).toBeGreaterThan(6);
  });

  it("stays in the 90 % band about nine times in ten", () => {
    let [inside, steps] = [0, 0];
    for (let seed = 1; seed <= 12; seed += 1) {
      const noise = seededNoise(seed);
      let rest = 0;
      const values = dailyAndWeekly(360).map((value) => {
        rest = 0.7 * rest + 5 * noise();
        return value + rest;
      });
      const { quantiles, levels } = made(values.slice(0, 336));
      values.slice(336).forEach((value, step) => {
        steps += 1;
        if (value >= (quantiles[levels.indexOf(0.05)]?.[step] ?? 0) && value <= (quantiles[levels.indexOf(0.95)]?.[step] ?? 0)) inside += 1;
      });
    }
    expect(inside / steps).toBeGreaterThan(0.82);
    expect(inside / steps).toBeLessThan(0.98);
  });
});
