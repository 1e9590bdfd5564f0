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
  const forecast = forecastAutoregression({ values: rest, observed: history.observed }, horizonSteps, seasons, "near");
  if (forecast === null) return null;
  return forecast.map((value, ahead) => value + patternAt(patterns, history.values.length + ahead));
}

function takeApart(history: History, periods: readonly number[], fade: number): { patterns: Float64Array[]; rest: Float64Array } {
  const { values } = history;
  const patterns = periods.map((period) => new Float64Array(period));
  const width = Math.min(periods.at(-1) ?? 1, values.length);
  let rest = values;
  for (let round = 0; round < ROUNDS; round += 1) {
    const level = movingMean(rest, width);
    for (let repeat = 0; repeat < PASSES; repeat += 1) for (const pattern of patterns) learn(pattern, patterns, history, level, fade);
    rest = values.map((value, step) => value - patternAt(patterns, step));
  }
  return { patterns, rest };
}

function patternAt(patterns: readonly Float64Array[], step: number): number {
  let sum = 0;
  for (const pattern of patterns) sum += at(pattern, step % pattern.length);
  return sum;
}

/** Writes into `pattern` the mean, for each phase, of what neither the level nor the other patterns explain; its own mean is 0. */
function learn(pattern: Float64Array, patterns: readonly Float64Array[], { values, observed }: History, level: Float64Array, fade: number): void {
  const period = pattern.length;
  const sums = new Float64Array(period);
  const weights = new Float64Array(period);
  for (let step = 0; step < values.length; step += 1) {
    if (at(observed, step) === 0) continue;
    const phase = step % period;
    const others = patternAt(patterns, step) - at(pattern, phase);
    const weight = fade === 1 ? 1 : fade ** Math.floor((values.length - 1 - step) / period);
    sums[phase] = at(sums, phase) + weight * (at(values, step) - at(level, step) - others);
    weights[phase] = at(weights, phase) + weight;
  }
  let mean = 0;
  for (let phase = 0; phase < period; phase += 1) {
    pattern[phase] = at(weights, phase) > 0 ? at(sums, phase) / at(weights, phase) : 0;
    mean += at(pattern, phase) / period;
  }
  for (let phase = 0; phase < period; phase += 1) pattern[phase] = at(pattern, phase) - mean;
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
