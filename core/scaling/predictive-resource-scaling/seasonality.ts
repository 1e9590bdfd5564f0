/**
 * Which cycles a series has. The cadence says where a day should be; the series says where it is: a clock that skips an hour, or a
 * network whose round lasts 23 hours, repeats at another lag, and a forecast by the wrong one is wrong every day. The measure is the
 * mean absolute difference at a lag, which outliers and gaps hardly move.
 */
import { at } from "./history.ts";

/** In steps of the series. A week is seven of the learned days. `null`: no such cycle, or less than two of it were seen. */
export type Seasons = { readonly daySteps: number | null; readonly weekSteps: number | null; readonly reason: string };

const DAYS_PER_WEEK = 7;
/** A cycle seen less than twice is no cycle. */
const CYCLES_MIN = 2;
/** Another lag than the calendar's must repeat this much better, or noise would choose. */
const LEARNED_SHARE_MAX = 0.7;
/** Lags at and below this are the series' own slowness and not a cycle. */
const PERIOD_STEPS_MIN = 4;
/** A cycle that no calendar speaks of must be seen more often, … */
const UNKNOWN_CYCLES_MIN = 3;
/** … and repeat this much better than lags do on average: a walk comes back by chance. */
const UNKNOWN_SHARE_MAX = 0.5;
/** Two cycles repeat as one does, but for noise. */
const AS_GOOD_SHARE_MAX = 1.15;
const MULTIPLES_MAX = 4;
/** A lag that repeats no better than this share of what lags do on average is chance. */
const REPEATS_SHARE_MAX = 0.8;
/** Lags tried in one pass; finer ones are tried around the best. */
const LAGS_MAX = 64;
/** Differences looked at for each lag. */
const SAMPLES_MAX = 4_096;

/** `stepsPerDay` is a day over the cadence, and may be a fraction or longer than the series. */
export function learnSeasons(series: Float64Array, stepsPerDay: number): Seasons {
  const calendar = Math.round(stepsPerDay);
  const longest = Math.floor(series.length / CYCLES_MIN);
  if (calendar >= PERIOD_STEPS_MIN && calendar <= longest) {
    const found = bestLag(series, Math.max(PERIOD_STEPS_MIN, Math.ceil(calendar / 2)), Math.min(longest, Math.floor(1.5 * calendar)));
    const [learned, known] = [differenceAt(series, found.lag), differenceAt(series, calendar)];
    const day = learned < LEARNED_SHARE_MAX * known ? found.lag : calendar;
    if (Math.min(learned, known) <= REPEATS_SHARE_MAX * found.mean || known === 0) return seasonsOf(series, day, calendar);
  }
  const found = bestLag(series, PERIOD_STEPS_MIN, Math.min(Math.floor(series.length / UNKNOWN_CYCLES_MIN), Math.max(LAGS_MAX, 2 * calendar)));
  const isCycle = found.isInside && differenceAt(series, found.lag) <= UNKNOWN_SHARE_MAX * found.mean;
  if (isCycle) return { daySteps: found.lag, weekSteps: null, reason: `repeats every ${found.lag} steps, which is no day and no week` };
  const day = calendar >= PERIOD_STEPS_MIN && calendar <= longest ? calendar : null;
  if (day !== null) return seasonsOf(series, day, calendar);
  return { daySteps: null, weekSteps: null, reason: `no cycle was seen ${CYCLES_MIN} times in ${series.length} steps` };
}

function seasonsOf(series: Float64Array, daySteps: number, calendar: number): Seasons {
  const week = DAYS_PER_WEEK * daySteps;
  const weekSteps = series.length >= CYCLES_MIN * week ? week : null;
  const day = daySteps === calendar ? `a day of ${daySteps} steps` : `a cycle of ${daySteps} steps in place of a day of ${calendar}`;
  return { daySteps, weekSteps, reason: weekSteps === null ? day : `${day}, and a week of ${weekSteps}` };
}

/** Infinite when no two measured values are that far apart. */
export function differenceAt(series: Float64Array, lag: number): number {
  const stride = Math.max(1, Math.floor((series.length - lag) / SAMPLES_MAX));
  let sum = 0;
  let count = 0;
  for (let step = series.length - 1; step >= lag; step -= stride) {
    const difference = Math.abs(at(series, step) - at(series, step - lag));
    if (Number.isNaN(difference)) continue;
    sum += difference;
    count += 1;
  }
  return count === 0 ? Number.POSITIVE_INFINITY : sum / count;
}

/** The lag that repeats best; `isInside` when both neighbours repeat worse, `mean` over what was tried. */
function bestLag(series: Float64Array, from: number, to: number): { lag: number; mean: number; isInside: boolean } {
  let [lag, least, sum, count] = [from, Number.POSITIVE_INFINITY, 0, 0];
  const stride = Math.max(1, Math.floor((to - from) / LAGS_MAX));
  const look = (each: number): void => {
    const difference = differenceAt(series, each);
    if (difference < least) [lag, least] = [each, difference];
  };
  for (let each = from; each <= to; each += stride) {
    const difference = differenceAt(series, each);
    if (Number.isFinite(difference)) [sum, count] = [sum + difference, count + 1];
    look(each);
  }
  const around = lag;
  if (stride > 1) for (let each = Math.max(from, around - stride); each <= Math.min(to, around + stride); each += 1) look(each);
  lag = shortestAsGood(series, lag, from);
  return { lag, mean: count === 0 ? Number.POSITIVE_INFINITY : sum / count, isInside: lag > from && lag < to };
}

function shortestAsGood(series: Float64Array, lag: number, from: number): number {
  const allowed = AS_GOOD_SHARE_MAX * differenceAt(series, lag);
  for (let parts = MULTIPLES_MAX; parts > 1; parts -= 1) {
    const part = Math.round(lag / parts);
    if (part >= from && differenceAt(series, part) <= allowed) return part;
  }
  return lag;
}
