/** Generated series for the forecaster's tests: a seeded generator, so that a failure can be seen again, and the shapes that demand has. */
import { type Forecast, type ForecastOrder, forecastSeries } from "../../../../core/scaling/predictive-resource-scaling/forecast.ts";

export const HOURLY: ForecastOrder = { horizonSteps: 24, stepsPerDay: 24, floor: null };
type Made = Exclude<Forecast, { kind: "refused" }>;

/** Throws where the forecaster refuses. */
export function made(values: readonly (number | null)[], order: ForecastOrder = HOURLY): Made {
  const forecast = forecastSeries(values, order);
  if (forecast.kind === "refused") throw new Error(forecast.reason);
  return forecast;
}

/** Uniform in [0, 1): a linear congruential generator of 31 bits, good enough for noise in a test. */
export function seededUniform(seed: number): () => number {
  let state = (seed * 2_654_435_761) % 2_147_483_647 || 1;
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
}

/** Near normal, with mean 0 and deviation 1: twelve uniform ones less six. */
export function seededNoise(seed: number): () => number {
  const uniform = seededUniform(seed);
  return () => {
    let sum = -6;
    for (let each = 0; each < 12; each += 1) sum += uniform();
    return sum;
  };
}

/** A day of `daySteps` and a week of seven, around 100: busy at noon, quiet on two days of seven. */
export function dailyAndWeekly(points: number, daySteps = 24): number[] {
  return Array.from({ length: points }, (_, step) => {
    const day = Math.floor(step / daySteps) % 7;
    return (100 - 20 * Math.cos((2 * Math.PI * (step % daySteps)) / daySteps)) * (day < 5 ? 1 : 0.6);
  });
}

export function randomWalk(points: number, seed: number): number[] {
  const noise = seededNoise(seed);
  let value = 1_000;
  return Array.from({ length: points }, () => {
    value += noise();
    return value;
  });
}
