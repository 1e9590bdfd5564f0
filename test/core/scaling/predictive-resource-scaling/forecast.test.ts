/** What a forecast promises, whatever the series. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { forecastSeries, HORIZON_STEPS_MAX } from "../../../../core/scaling/predictive-resource-scaling/forecast.ts";
import { dailyAndWeekly, HOURLY, made, seededNoise, seededUniform } from "./series.ts";

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
      { numRuns: 60 },
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
      { numRuns: 30 },
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
      { numRuns: 12 },
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
      { numRuns: 12 },
    );
  });

  it("says the same twice", () => {
    const values = noisy({ points: 400, seed: 7, gaps: 0.1 });
    expect(made(values)).toEqual(made(values));
  });

  it("refuses a horizon that has no steps or too many, and levels that are none", () => {
    for (const levels of [[0.9, 0.1], [0, 0.5], [0.5, 1], [0.5, 0.5], [Number.NaN]])
      expect(forecastSeries([1, 2, 3], { ...HOURLY, levels }).kind).toBe("refused");
    for (const horizonSteps of [0, -1, 1.5, HORIZON_STEPS_MAX + 1, Number.NaN])
      expect(forecastSeries([1, 2, 3], { ...HOURLY, horizonSteps }).kind).toBe("refused");
  });
});
