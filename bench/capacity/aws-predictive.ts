/**
 * A predictive scaler by the rules that AWS documents for EC2 and Application Auto Scaling ("How predictive scaling works",
 * docs.aws.amazon.com): an hourly forecast of load for 48 hours, made anew each 6 hours from up to 14 days, capacity for it started five
 * minutes before each hour (the default buffer), out only; scaling in is left to target tracking beside it. The forecast
 * itself is not published: here it is a weekly profile where two weeks are known, else a daily one, times the level of the last day.
 */
import { targetTracking } from "./peers.ts";
import { LEAD_MINUTES, type Scaler } from "./replay.ts";

const HOUR_MINUTES = 60;
const DAY_HOURS = 24;
const WEEK_HOURS = 7 * DAY_HOURS;
const HISTORY_HOURS = 14 * DAY_HOURS;
const REFRESH_HOURS = 6;

export function awsPredictive(target: number): Scaler {
  const track = targetTracking(target);
  const hours = new Map<number, { sum: number; count: number }>();
  let forecast = new Map<number, number>();
  let madeAtHour = Number.NEGATIVE_INFINITY;
  return (seen) => {
    const hour = Math.floor(seen.minute / HOUR_MINUTES);
    if (hour - madeAtHour >= REFRESH_HOURS) {
      forecast = forecastHours(hours, hour);
      madeAtHour = hour;
    }
    if (seen.demand !== null) {
      const { sum, count } = hours.get(hour) ?? { sum: 0, count: 0 };
      hours.set(hour, { sum: sum + seen.demand, count: count + 1 });
      hours.delete(hour - HISTORY_HOURS - 1);
    }
    const load = forecast.get(Math.floor((seen.minute + LEAD_MINUTES) / HOUR_MINUTES)) ?? 0;
    return Math.max(track(seen), Math.ceil(load / target));
  };
}

/** Mean load of each of the next 48 hours, from the whole hours before `now`. */
function forecastHours(hours: ReadonlyMap<number, { sum: number; count: number }>, now: number): Map<number, number> {
  const load = (hour: number): number | null => {
    const found = hours.get(hour);
    return found === undefined ? null : found.sum / found.count;
  };
  const mean = (all: readonly number[]): number | null => {
    const known = all.map(load).filter((value) => value !== null);
    return known.length === 0 ? null : known.reduce((sum, value) => sum + value, 0) / known.length;
  };
  const back = (hour: number, step: number): number[] =>
    Array.from({ length: Math.floor(HISTORY_HOURS / step) + 2 }, (_, times) => hour - (times + 1) * step).filter(
      (past) => past < now && past >= now - HISTORY_HOURS,
    );
  const profile = (hour: number): number | null => {
    const daily = mean(back(hour, DAY_HOURS));
    const weekly = mean(back(hour, WEEK_HOURS));
    return weekly === null || daily === null ? daily : (weekly + daily) / 2;
  };
  const lastDay = Array.from({ length: DAY_HOURS }, (_, index) => now - 1 - index);
  const level = mean(lastDay);
  const usual = lastDay.map(profile).filter((value) => value !== null);
  const usualLevel = usual.reduce((sum, value) => sum + value, 0) / Math.max(1, usual.length);
  if (level === null || usualLevel === 0 || !hours.has(now - DAY_HOURS)) return new Map();
  const ahead = Array.from({ length: 2 * DAY_HOURS }, (_, index) => now + index);
  return new Map(ahead.map((hour) => [hour, ((profile(hour) ?? level) * level) / usualLevel]));
}
