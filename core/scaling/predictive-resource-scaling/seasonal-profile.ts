/**
 * Takes a series apart into a slow level, a mean day and a mean week, in which newer cycles count more, and forecasts what is left by an
 * autoregression: decomposition by moving averages, repeated for each season (Bandara, Hyndman and Bergmeir, "MSTL", 2021, with means
 * in place of local regression). It knows the week well from few weeks, since every day tells of the day.
 */
import { at, type History } from "./history.ts";
import { forecastAutoregression } from "./seasonal-autoregression.ts";
import type { Seasons } from "./seasonality.ts";

/** Level and patterns are told apart better each time; after three nothing moves. */
const ROUNDS = 3;
const PASSES = 2;

/** `fade` is what a cycle counts against the next newer one: 1 counts all alike. */
export function forecastProfile(history: History, horizonSteps: number, seasons: Seasons, fade: number): Float64Array | null {
  const periods = [seasons.daySteps, seasons.weekSteps].filter((period) => period !== null);
  const longest = periods.at(-1);
  if (longest === undefined || history.values.length < 2 * longest) return null;
  const { patterns, rest } = takeApart(history, periods, fade);
  const forecast = forecastAutoregression({ values: rest, observed: history.observed }, horizonSteps, seasons, "day");
  if (forecast === null) return null;
  return forecast.map((value, ahead) => value + patternAt(patterns, history.values.length + ahead));
}

function takeApart({ values, observed }: History, periods: readonly number[], fade: number): { patterns: Float64Array[]; rest: Float64Array } {
  const patterns = periods.map((period) => new Float64Array(period));
  const weights = periods.map((period) => fadingWeights(observed, period, fade));
  const width = Math.min(periods.at(-1) ?? 1, values.length);
  let rest = values;
  for (let round = 0; round < ROUNDS; round += 1) {
    const level = movingMean(rest, width);
    const flat = values.map((value, step) => value - at(level, step));
    for (let repeat = 0; repeat < PASSES; repeat += 1) {
      patterns.forEach((pattern, place) => {
        const others = patterns.filter((other) => other !== pattern);
        learn(pattern, without(flat, others), weights[place] ?? flat);
      });
    }
    rest = without(values, patterns);
  }
  return { patterns, rest };
}

/** What a step counts: nothing when it wasn't measured, else `fade` to the power of the whole cycles that have passed since. */
function fadingWeights(observed: Uint8Array, period: number, fade: number): Float64Array {
  const weights = new Float64Array(observed.length);
  let [weight, left] = [1, period];
  for (let step = observed.length - 1; step >= 0; step -= 1) {
    weights[step] = at(observed, step) * weight;
    left -= 1;
    if (left === 0) [weight, left] = [weight * fade, period];
  }
  return weights;
}

function without(values: Float64Array, patterns: readonly Float64Array[]): Float64Array {
  const rest = Float64Array.from(values);
  for (const pattern of patterns) {
    let phase = 0;
    for (let step = 0; step < rest.length; step += 1) {
      rest[step] = at(rest, step) - at(pattern, phase);
      phase = phase + 1 === pattern.length ? 0 : phase + 1;
    }
  }
  return rest;
}

function patternAt(patterns: readonly Float64Array[], step: number): number {
  let sum = 0;
  for (const pattern of patterns) sum += at(pattern, step % pattern.length);
  return sum;
}

/** Writes into `pattern` the weighted mean of each phase of `values`; its own mean is 0. */
function learn(pattern: Float64Array, values: Float64Array, weights: Float64Array): void {
  const period = pattern.length;
  const counted = new Float64Array(period);
  pattern.fill(0);
  let phase = 0;
  for (let step = 0; step < values.length; step += 1) {
    pattern[phase] = at(pattern, phase) + at(weights, step) * at(values, step);
    counted[phase] = at(counted, phase) + at(weights, step);
    phase = phase + 1 === period ? 0 : phase + 1;
  }
  let mean = 0;
  for (let each = 0; each < period; each += 1) {
    pattern[each] = at(counted, each) > 0 ? at(pattern, each) / at(counted, each) : 0;
    mean += at(pattern, each) / period;
  }
  for (let each = 0; each < period; each += 1) pattern[each] = at(pattern, each) - mean;
}

/** Centred; near the ends over what is there. */
function movingMean(values: Float64Array, width: number): Float64Array {
  const sums = new Float64Array(values.length + 1);
  for (let step = 0; step < values.length; step += 1) sums[step + 1] = at(sums, step) + at(values, step);
  const half = width >> 1;
  return values.map((_, step) => {
    const from = Math.max(0, step - half);
    const to = Math.min(values.length, step + half + 1);
    return (at(sums, to) - at(sums, from)) / (to - from);
  });
}
