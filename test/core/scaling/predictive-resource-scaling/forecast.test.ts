/** What a forecast promises, whatever the series. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type Forecast,
  type ForecastOrder,
  forecastSeries,
  HORIZON_STEPS_MAX,
} from "../../../../core/scaling/predictive-resource-scaling/forecast.ts";
import { POINTS_MAX } from "../../../../core/scaling/predictive-resource-scaling/history.ts";
import { dailyAndWeekly, randomWalk, seededNoise, seededUniform } from "./series.ts";

const HOURLY: ForecastOrder = { horizonSteps: 24, stepsPerDay: 24, floor: null };
type Made = Exclude<Forecast, { kind: "refused" }>;

function made(values: readonly (number | null)[], order: ForecastOrder = HOURLY): Made {
  const forecast = forecastSeries(values, order);
  if (forecast.kind === "refused") throw new Error(forecast.reason);
  return forecast;
}

const anyValue = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: -1_000, max: 1_000 }) },
  { weight: 1, arbitrary: fc.constantFrom(null, Number.NaN, 0) },
  { weight: 1, arbitrary: fc.double({ min: -1e9, max: 1e9, noNaN: true }) },
);
/** Short ones of anything, and longer ones of one shape with noise and gaps. */
const anySeries = fc.oneof(
  fc.array(anyValue, { minLength: 1, maxLength: 60 }),
  fc.record({ points: fc.integer({ min: 30, max: 400 }), seed: fc.nat(), gaps: fc.double({ min: 0, max: 0.4, noNaN: true }) }).map(noisy),
);
const anyOrder = fc.record({
  horizonSteps: fc.integer({ min: 1, max: 60 }),
  stepsPerDay: fc.constantFrom(1, 6.5, 24, 24, 1_440),
  floor: fc.constantFrom(null, 0),
});

function noisy({ points, seed, gaps }: { points: number; seed: number; gaps: number }): (number | null)[] {
  const [noise, uniform] = [seededNoise(seed), seededUniform(seed + 1)];
  return dailyAndWeekly(points).map((value) => (uniform() < gaps ? null : value + 8 * noise()));
}

describe("a forecast", () => {
  it("is made of finite numbers for any history with one measured value, its quantiles rise, and its median is among them", () => {
    fc.assert(
      fc.property(anySeries, anyOrder, (values, order) => {
        const forecast = forecastSeries(values, order);
        const isMeasured = values.some((value) => value !== null && !Number.isNaN(value));
        expect(forecast.kind === "refused").toBe(!isMeasured);
        if (forecast.kind === "refused") return;
        const { quantiles, levels, median } = forecast;
        expect(median.length).toBe(order.horizonSteps);
        expect(quantiles[levels.indexOf(0.5)]).toEqual(median);
        for (let step = 0; step < order.horizonSteps; step += 1) {
          const rising = quantiles.map((each) => each[step] ?? Number.NaN);
          expect(rising.every((value) => Number.isFinite(value) && value >= (order.floor ?? value))).toBe(true);
          expect(rising).toEqual(rising.toSorted((left, right) => left - right));
        }
        expect(forecast.reason.length).toBeGreaterThan(10);
      }),
      { numRuns: 80 },
    );
  });

  it("is a mix only where the mix's error in the trials was below that of every baseline that can be asked", () => {
    fc.assert(
      fc.property(anySeries, anyOrder, (values, order) => {
        const forecast = forecastSeries(values, order);
        if (forecast.kind === "refused" || forecast.errors.mix === null) return;
        const errors = Object.keys(forecast.baselines).map((name) => forecast.errors.baselines[name] ?? Number.POSITIVE_INFINITY);
        expect(forecast.kind).toBe(forecast.errors.mix < Math.min(...errors) && forecast.errors.trials >= 3 ? "mix" : "baseline");
        if (forecast.kind === "baseline") expect(forecast.median).toEqual(forecast.baselines[forecast.method]);
      }),
      { numRuns: 50 },
    );
  });

  it("scales with its series", () => {
    fc.assert(
      fc.property(fc.nat(), fc.integer({ min: 3, max: 300 }), fc.integer({ min: -8, max: 8 }), (seed, points, exponent) => {
        // A power of two scales without rounding, so nothing but a constant in the code can make a difference.
        const values = noisy({ points, seed, gaps: 0.1 });
        const [one, scaled] = [made(values), made(values.map((value) => value && value * 2 ** exponent))];
        expect(scaled.kind).toBe(one.kind);
        one.quantiles.forEach((each, level) => {
          each.forEach((value, step) => {
            expect(scaled.quantiles[level]?.[step]).toBeCloseTo(value * 2 ** exponent, 6);
          });
        });
      }),
      { numRuns: 25 },
    );
  });

  it("moves with its series, when that has no natural 0", () => {
    fc.assert(
      fc.property(fc.nat(), fc.integer({ min: 10, max: 300 }), fc.integer({ min: -60, max: 60 }), (seed, points, shift) => {
        const values = noisy({ points, seed, gaps: 0 }).map((value) => (value ?? 0) - 100);
        // One value far below 0 keeps the logarithm out of both.
        values[0] = -300;
        const [one, moved] = [made(values), made(values.map((value) => value + shift))];
        one.median.forEach((value, step) => {
          expect(Math.abs((moved.median[step] ?? 0) - shift - value)).toBeLessThan(0.5);
        });
      }),
      { numRuns: 25 },
    );
  });

  it("says the same twice", () => {
    const values = noisy({ points: 400, seed: 7, gaps: 0.1 });
    expect(made(values)).toEqual(made(values));
  });

  it("reads no more than the newest points of a longer history", () => {
    const values = randomWalk(POINTS_MAX + 500, 3);
    // Too long a horizon for trials: only the reading is looked at.
    const order = { ...HOURLY, horizonSteps: HORIZON_STEPS_MAX, stepsPerDay: 8_640 };
    expect(made(values, order)).toEqual(made(values.slice(500), order));
  });

  it("refuses a horizon that has no steps or too many", () => {
    for (const horizonSteps of [0, -1, 1.5, HORIZON_STEPS_MAX + 1, Number.NaN])
      expect(forecastSeries([1, 2, 3], { ...HOURLY, horizonSteps }).kind).toBe("refused");
  });
});

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
      { numRuns: 30 },
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
  it("without memory or cycle is forecast no worse than by the naive forecasts", () => {
    let [own, naive] = [0, 0];
    for (let seed = 1; seed <= 12; seed += 1) {
      const walk = randomWalk(324, seed);
      const { median } = made(walk.slice(0, 300));
      median.forEach((value, step) => {
        own += Math.abs(value - (walk[300 + step] ?? 0));
        naive += Math.abs((walk[299] ?? 0) - (walk[300 + step] ?? 0));
      });
    }
    expect(own / naive).toBeLessThan(1.1);
  });

  it("stays in the 90 % band about nine times in ten", () => {
    let [inside, steps] = [0, 0];
    for (let seed = 1; seed <= 16; seed += 1) {
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
