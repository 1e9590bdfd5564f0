/**
 * Exponential smoothing of a level, a daily and a weekly pattern, all additive, with the newest error carried on: Taylor, "Short-term
 * electricity demand forecasting using double seasonal exponential smoothing", Journal of the Operational Research Society 2003.
 * The four rates are found by a bounded search on the squared errors of one step ahead; a step that was not measured moves nothing.
 */
import { at, type History } from "./history.ts";
import { type Rates, searchRates } from "./rate-search.ts";

/** The state before the first step, and the cycles' lengths; a cycle that is not used has length 1 and stays 0. */
type Start = { readonly level: number; readonly day: Float64Array; readonly week: Float64Array };
type State = { level: number; readonly day: Float64Array; readonly week: Float64Array; error: number };

/** Steps smoothed in one search: a long history has its rates found with fewer tries. */
const SEARCH_STEPS_MAX = 400_000;

/** The error of the newest step fades by `carry` each step. */
export function forecastSmoothed(history: History, horizonSteps: number, daySteps: number, weekSteps: number): Float64Array | null {
  const { values } = history;
  const longest = Math.max(daySteps, weekSteps);
  if (values.length < 2 * longest || values.length < 4) return null;
  const start = startOf(values, daySteps, weekSteps);
  const scoredFrom = Math.min(2 * longest, values.length >> 1);
  const state: State = { level: 0, day: new Float64Array(daySteps), week: new Float64Array(weekSteps), error: 0 };
  const uses = { day: daySteps > 1, week: weekSteps > 1 };
  const rates = searchRates(uses, Math.ceil(SEARCH_STEPS_MAX / values.length), (each) => pass(history, start, state, each, scoredFrom));
  pass(history, start, state, rates, scoredFrom);
  const forecast = new Float64Array(horizonSteps);
  let carried = state.error;
  for (let ahead = 0; ahead < horizonSteps; ahead += 1) {
    const step = values.length + ahead;
    carried *= rates.carry;
    forecast[ahead] = state.level + at(state.day, step % daySteps) + at(state.week, step % weekSteps) + carried;
  }
  return forecast;
}

/** Smooths through the whole history from `start`, leaves the end in `state`, and returns the mean squared error from `scoredFrom` on. */
function pass({ values, observed }: History, start: Start, state: State, rates: Rates, scoredFrom: number): number {
  const { day, week } = state;
  day.set(start.day);
  week.set(start.week);
  let { level } = start;
  let error = 0;
  let squares = 0;
  let count = 0;
  let ofDay = 0;
  let ofWeek = 0;
  for (let step = 0; step < values.length; step += 1) {
    const base = level + at(day, ofDay) + at(week, ofWeek);
    const isMeasured = at(observed, step) === 1;
    const surprise = isMeasured ? at(values, step) - base - rates.carry * error : 0;
    error = rates.carry * error + surprise;
    if (isMeasured) {
      level += rates.level * error;
      day[ofDay] = at(day, ofDay) + rates.day * error;
      week[ofWeek] = at(week, ofWeek) + rates.week * error;
    }
    if (isMeasured && step >= scoredFrom) {
      squares += surprise * surprise;
      count += 1;
    }
    ofDay = ofDay + 1 === day.length ? 0 : ofDay + 1;
    ofWeek = ofWeek + 1 === week.length ? 0 : ofWeek + 1;
  }
  state.level = level;
  state.error = error;
  return squares / Math.max(1, count);
}

/** The mean of the first two longest cycles, and what each phase has above it: first of the day, then what is left of the week. */
function startOf(values: Float64Array, daySteps: number, weekSteps: number): Start {
  const first = values.subarray(0, Math.min(values.length, weekSteps > 1 ? weekSteps : 2 * daySteps));
  const level = first.reduce((sum, value) => sum + value, 0) / first.length;
  const none = new Float64Array(1);
  const day = daySteps > 1 ? phaseMeans(first, daySteps, () => level) : none;
  const weeks = values.subarray(0, 2 * weekSteps);
  const week = weekSteps > 1 ? phaseMeans(weeks, weekSteps, (step) => level + at(day, step % daySteps)) : none;
  return { level, day, week };
}

function phaseMeans(values: Float64Array, periodSteps: number, without: (step: number) => number): Float64Array {
  const sums = new Float64Array(periodSteps);
  const counts = new Float64Array(periodSteps);
  values.forEach((value, step) => {
    const phase = step % periodSteps;
    sums[phase] = at(sums, phase) + value - without(step);
    counts[phase] = at(counts, phase) + 1;
  });
  return sums.map((sum, phase) => sum / Math.max(1, at(counts, phase)));
}
