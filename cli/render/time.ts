/** Times as people read them: instants in UTC, spans in the largest units that matter, offsets from a fault's beginning. */

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** `2026-11-24 19:46:05.123 UTC` */
export const instant = (atMs: number): string => `${new Date(atMs).toISOString().replace("T", " ").replace("Z", "")} UTC`;

/** `19:46:05.123` (UTC) */
export const timeOfDay = (atMs: number): string => new Date(atMs).toISOString().slice(11, 23);

/** `0.4 s`, `12 s`, `3 min 5 s`, `2 h 10 min`, `4 d 3 h`: two units at most, none of them wrong by more than a half of the last. */
export function span(ms: number): string {
  const positive = Math.max(0, ms);
  if (positive < 9_950) return `${(positive / SECOND_MS).toFixed(1)} s`;
  if (Math.round(positive / SECOND_MS) < 60) return `${Math.round(positive / SECOND_MS)} s`;
  if (positive < HOUR_MS - SECOND_MS / 2) return pair(Math.round(positive / SECOND_MS), 60, "min", "s");
  if (positive < DAY_MS - MINUTE_MS / 2) return pair(Math.round(positive / MINUTE_MS), 60, "h", "min");
  return pair(Math.round(positive / HOUR_MS), 24, "d", "h");
}

function pair(count: number, size: number, large: string, small: string): string {
  const rest = count % size;
  return rest === 0 ? `${Math.floor(count / size)} ${large}` : `${Math.floor(count / size)} ${large} ${rest} ${small}`;
}

/** `+3.42 s`, `-0.30 s`: for a column of steps, always in seconds so that they can be compared at a glance. */
export function offset(ms: number): string {
  const seconds = Math.abs(ms) / SECOND_MS;
  return `${ms < 0 && seconds >= 0.005 ? "-" : "+"}${seconds.toFixed(seconds < 1_000 ? 2 : 0)} s`;
}

const UNITS: Record<string, number> = { s: SECOND_MS, m: MINUTE_MS, min: MINUTE_MS, h: HOUR_MS, d: DAY_MS };

/** `15m`, `2h`, `1d` (ago), or an instant such as `2026-11-24T19:00:00Z`. Null where it is neither. */
export function sinceMs(text: string, nowMs: number): number | null {
  const [, count, unit] = /^(\d{1,6})\s*(s|m|min|h|d)$/.exec(text.trim()) ?? [];
  if (count !== undefined && unit !== undefined) return Math.max(0, nowMs - Number(count) * (UNITS[unit] ?? SECOND_MS));
  /** Without a zone it would mean another instant on each machine. */
  if (!/^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d{1,3})?)?Z)?$/.test(text.trim())) return null;
  const parsed = Date.parse(text.trim());
  return Number.isNaN(parsed) ? null : Math.max(0, parsed);
}
