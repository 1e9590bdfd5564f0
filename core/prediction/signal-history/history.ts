/**
 * A stretch of a node's history as one observer saw it: times, and a column of numbers for each signal. In a column, `GAP` stands
 * where nothing was measured. It is NaN, which no measurement may be: a gap is never a zero, and no number is taken for a gap.
 */
import { COLUMNS_MAX, NAME_CHARACTERS_MAX, POINTS_MAX } from "./limits.ts";

export const GAP = Number.NaN;

/** What was known at one moment; a name that is missing is as good as null. */
export type HistoryRow = { readonly atMs: number; readonly values: Readonly<Record<string, number | null>> };

export type History = {
  readonly node: string;
  readonly observer: string;
  /** From this millisecond on, and before `untilMs`. */
  readonly fromMs: number;
  readonly untilMs: number;
  /** Strictly rising. */
  readonly timesMs: Float64Array;
  /** As long as `timesMs` each, `GAP` where nothing was measured. */
  readonly columns: ReadonlyMap<string, Float64Array>;
};

export type HistorySpan = Pick<History, "node" | "observer" | "fromMs" | "untilMs">;

const NAME = /^[\x21-\x7e]+$/;
export const isName = (name: string): boolean => name.length <= NAME_CHARACTERS_MAX && NAME.test(name);

/**
 * Rows in any order become columns. Rows of one moment are one point; of two values for one name at one moment the later row's counts.
 * Throws RangeError for a value that is no finite number, a time outside the span, or more than an object may hold.
 */
export function historyOf(span: HistorySpan, rows: readonly HistoryRow[]): History {
  const timesMs = Float64Array.from(new Set(rows.map(({ atMs }) => atMs))).sort();
  if (timesMs.length > POINTS_MAX) throw new RangeError(`found ${timesMs.length} points; one object of history holds ${POINTS_MAX} at most`);
  const places = new Map(Array.from(timesMs, (atMs, index) => [atMs, index]));
  const columns = new Map<string, Float64Array>();
  for (const { atMs, values } of rows) {
    if (!Number.isSafeInteger(atMs) || atMs < span.fromMs || atMs >= span.untilMs)
      throw new RangeError(`found a row at ${atMs}; allowed are whole milliseconds from ${span.fromMs} to before ${span.untilMs}`);
    for (const [name, value] of Object.entries(values)) {
      const column = columns.get(name) ?? new Float64Array(timesMs.length).fill(GAP);
      columns.set(name, column);
      if (value === null) continue;
      if (!Number.isFinite(value)) throw new RangeError(`found ${value} for ${name} at ${atMs}; what was not measured is null`);
      column[places.get(atMs) ?? 0] = value;
    }
  }
  if (columns.size > COLUMNS_MAX) throw new RangeError(`found ${columns.size} columns; one object of history holds ${COLUMNS_MAX} at most`);
  const misnamed = [...columns.keys()].find((name) => !isName(name));
  if (misnamed !== undefined)
    throw new RangeError(`found the name ${JSON.stringify(misnamed)}; a name has 1 to ${NAME_CHARACTERS_MAX} printable characters without spaces`);
  return { ...span, timesMs, columns };
}

/** The point at `index`, with null for every gap. */
export function rowAt({ timesMs, columns }: Pick<History, "timesMs" | "columns">, index: number): HistoryRow {
  const atMs = timesMs[index];
  if (atMs === undefined) throw new RangeError(`there are ${timesMs.length} points, and none at ${index}`);
  const values: Record<string, number | null> = {};
  for (const [name, column] of columns) {
    const value = column[index] ?? GAP;
    values[name] = Number.isNaN(value) ? null : value;
  }
  return { atMs, values };
}
