/**
 * Which periods history is cut into, what they are called, and which are to be written now. A day is an object where vitals come once a
 * minute or less often, an hour where they come more often, so that an object stays within its limits. Days and hours never overlap: where
 * the fleet file changes from one to the other within a day, that day goes on as it was begun.
 */
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** From this on a day has 1,440 points and no more. */
const DAILY_FROM_SECONDS = 60;
/** What is written late must still find its period open: a vitals write with all its repetitions, and a named metric that CloudWatch has late. */
export const SETTLED_MS = 15 * 60_000;

export type Unit = "day" | "hour";
export type Period = {
  readonly unit: Unit;
  /** `2026-11-24`, or `2026-11-24t07` for an hour of it, in UTC. In order of time as texts, too. */
  readonly stamp: string;
  readonly fromMs: number;
  readonly untilMs: number;
};

const STAMP = /^\d{4}-\d\d-\d\d(t\d\d)?$/;
const KEY = /^history\/v1\/([a-z0-9-]+)\/([a-z0-9-]+)\/([0-9t-]+)\.col$/;

export const unitFor = (vitalsSeconds: number): Unit => (vitalsSeconds >= DAILY_FROM_SECONDS ? "day" : "hour");

export function periodAt(unit: Unit, atMs: number): Period {
  const lengthMs = unit === "day" ? DAY_MS : HOUR_MS;
  const fromMs = Math.floor(atMs / lengthMs) * lengthMs;
  const text = new Date(fromMs).toISOString();
  return { unit, stamp: unit === "day" ? text.slice(0, 10) : `${text.slice(0, 10)}t${text.slice(11, 13)}`, fromMs, untilMs: fromMs + lengthMs };
}

export function periodOf(stamp: string): Period | null {
  if (!STAMP.test(stamp)) return null;
  const [day = "", hour] = stamp.split("t");
  const fromMs = Date.parse(`${day}T${hour ?? "00"}:00:00Z`);
  const period = Number.isNaN(fromMs) || fromMs < 0 ? null : periodAt(hour === undefined ? "day" : "hour", fromMs);
  return period?.stamp === stamp ? period : null;
}

export type Subject = { readonly node: string; readonly observer: string };

/** Lower case, as keys of a store are. */
export const historyPrefix = ({ node, observer }: Subject): string => `history/v1/${node}/${observer}/`;
export const historyKey = (subject: Subject, stamp: string): string => `${historyPrefix(subject)}${stamp}.col`;

export function periodOfKey(key: string): (Subject & { readonly period: Period }) | null {
  const [, node = "", observer = "", stamp = ""] = KEY.exec(key) ?? [];
  const period = periodOf(stamp);
  return period === null ? null : { node, observer, period };
}

/** A key that stands before every key of what ends after `atMs`. */
export const keyBefore = (subject: Subject, atMs: number): string => `${historyPrefix(subject)}${periodAt("day", Math.max(0, atMs)).stamp}`;

export type ArchiveFacts = {
  readonly nowMs: number;
  readonly vitalsSeconds: number;
  /** What is older is gone from where it is read. */
  readonly keptMs: number;
  /** The stamps that are written already. */
  readonly written: readonly string[];
};

/** What is over, settled, still there to be read, and not written, the oldest first. */
export function periodsToWrite({ nowMs, vitalsSeconds, keptMs, written }: ArchiveFacts): Period[] {
  const days = new Set(written.filter((stamp) => !stamp.includes("t")));
  const hours = new Set(written.filter((stamp) => stamp.includes("t")));
  const begunByHours = new Set([...hours].map((stamp) => stamp.slice(0, 10)));
  const isOver = ({ untilMs }: Period) => untilMs + SETTLED_MS <= nowMs;
  const periods: Period[] = [];
  const oldestMs = Math.max(0, nowMs - keptMs);
  for (let day = periodAt("day", oldestMs); day.fromMs <= nowMs; day = periodAt("day", day.untilMs)) {
    if (days.has(day.stamp)) continue;
    if (unitFor(vitalsSeconds) === "day" && !begunByHours.has(day.stamp)) {
      if (isOver(day)) periods.push(day);
      continue;
    }
    for (let atMs = day.fromMs; atMs < day.untilMs; atMs += HOUR_MS) {
      const hour = periodAt("hour", atMs);
      if (hour.untilMs > oldestMs && !hours.has(hour.stamp) && isOver(hour)) periods.push(hour);
    }
  }
  return periods;
}
