/**
 * Reads a demand file: `period,count`, rows of one period summed, one value per minute. The form counts requests, so a minute without a row
 * had none; a longer run without rows is a hole in the log, a gap that is neither scored nor shown to a scaler.
 */
import { readFileSync } from "node:fs";
import { parse } from "csv-parse/sync";

export type Demand = {
  /** Minutes since 1970, UTC, of the first value. */
  readonly firstMinute: number;
  /** Requests a minute; null is a gap. */
  readonly perMinute: readonly (number | null)[];
  readonly zerosFilled: number;
  readonly gapMinutes: number;
};

/** In World Cup 98 ten minutes have no row, all among minutes of a few requests, three in a row at most. */
const SILENT_MINUTES_MAX = 5;
const MINUTES_MAX = 4_000_000;
const MINUTE_MS = 60_000;
const PERIOD = /^(\d{4}-\d{2}-\d{2})[ T](\d{2}:\d{2})(:\d{2}(\.\d+)?)?(Z|\+00:00)?$/;

export function readDemand(file: string): Demand {
  const rows = parse(readFileSync(file), { bom: true, skip_empty_lines: true, relax_column_count: true, info: true }) as unknown as {
    record: string[];
    info: { lines: number };
  }[];
  const [head, ...body] = rows;
  const names = head?.record.map((name) => name.trim()) ?? [];
  const [period, count] = [names.indexOf("period"), names.indexOf("count")];
  if (period < 0 || count < 0) throw new Error(`${file}:1: the columns are "${names.join(",")}", and "period" and "count" must be among them`);
  const sums = new Map<number, number>();
  for (const { record, info } of body) {
    const at = `${file}:${info.lines}`;
    const minute = minuteOf(record[period] ?? "", at);
    const value = Number(record[count]?.trim() || Number.NaN);
    if (!(Number.isFinite(value) && value >= 0))
      throw new Error(`${at}: the count is "${record[count] ?? ""}", and a number of 0 or more is allowed`);
    sums.set(minute, (sums.get(minute) ?? 0) + value);
  }
  return fill(sums, file);
}

function minuteOf(text: string, at: string): number {
  const found = PERIOD.exec(text.trim());
  const ms = found ? Date.parse(`${found[1]}T${found[2]}:00Z`) : Number.NaN;
  if (Number.isNaN(ms)) throw new Error(`${at}: the period is "${text}", and "2026-01-31 23:59:00" is the form`);
  return ms / MINUTE_MS;
}

function fill(sums: ReadonlyMap<number, number>, file: string): Demand {
  let firstMinute = Number.POSITIVE_INFINITY;
  let lastMinute = Number.NEGATIVE_INFINITY;
  for (const minute of sums.keys()) {
    firstMinute = Math.min(firstMinute, minute);
    lastMinute = Math.max(lastMinute, minute);
  }
  if (sums.size === 0) throw new Error(`${file}: no rows, and at least one is needed`);
  const length = lastMinute - firstMinute + 1;
  if (length > MINUTES_MAX) throw new Error(`${file}: ${length} minutes from first to last, and ${MINUTES_MAX} are allowed`);
  const perMinute: (number | null)[] = Array.from({ length }, (_, index) => sums.get(firstMinute + index) ?? null);
  let zerosFilled = 0;
  let gapMinutes = 0;
  for (let from = 0; from < length; from += 1) {
    if (perMinute[from] !== null) continue;
    let to = from;
    while (perMinute[to] === null) to += 1;
    if (to - from <= SILENT_MINUTES_MAX) {
      perMinute.fill(0, from, to);
      zerosFilled += to - from;
    } else gapMinutes += to - from;
    from = to;
  }
  return { firstMinute, perMinute, zerosFilled, gapMinutes };
}
