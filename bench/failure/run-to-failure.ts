/**
 * Reads files of units that ran to failure, in the form of C-MAPSS (Saxena and others, PHM 2008): unit, cycle, three settings and twenty-one
 * sensors, parted by spaces. One bad line is one clear error.
 */
import { readFileSync } from "node:fs";
import { parse } from "csv-parse/sync";
import type { History } from "../../core/prediction/predictive-model/history.ts";

export const SETTINGS = ["setting 1", "setting 2", "setting 3"] as const;
const SENSORS = Array.from({ length: 21 }, (_, at) => `sensor ${at + 1}`);
export const COLUMNS: readonly string[] = [...SETTINGS, ...SENSORS];
const FIELDS = 2 + COLUMNS.length;

/** `ranToFailure` tells whether each unit's last cycle is its failure; otherwise nothing is known beyond it. */
export function readUnits(path: string, ranToFailure: boolean): History[] {
  const units = new Map<number, number[][]>();
  readLines(path).forEach(({ line, values }) => {
    if (values.length !== FIELDS)
      throw new Error(`${path}, line ${line}: ${values.length} numbers, ${FIELDS} are needed (unit, cycle, 3 settings, 21 sensors)`);
    const [unit, cycle] = values as [number, number];
    const rows = units.get(unit) ?? [];
    units.set(unit, rows);
    const before = rows.at(-1)?.[1] ?? Number.NEGATIVE_INFINITY;
    if (!(cycle > before)) throw new Error(`${path}, line ${line}: cycle ${cycle} of unit ${unit} comes after cycle ${before}, cycles must ascend`);
    rows.push(values);
  });
  return [...units].map(([unit, rows]) => {
    const last = rows.at(-1)?.[1] ?? 0;
    return {
      unit: String(unit),
      steps: Float64Array.from(rows, (row) => row[1] as number),
      columns: COLUMNS.map((_, at) => Float64Array.from(rows, (row) => row[at + 2] as number)),
      startedAtStep: 1,
      failedAtStep: ranToFailure ? last : null,
      knownUntilStep: last,
    };
  });
}

/** One remaining life a line, in the order of the test file's units. */
export function readRemaining(path: string, units: number): number[] {
  const lines = readLines(path);
  if (lines.length !== units) throw new Error(`${path}: ${lines.length} lines, the test file has ${units} units`);
  return lines.map(({ line, values }) => {
    const [left] = values;
    if (values.length !== 1 || left === undefined || left < 0)
      throw new Error(`${path}, line ${line}: "${values.join(" ")}", one number of 0 or more is needed`);
    return left;
  });
}

function readLines(path: string): { line: number; values: number[] }[] {
  const records = parse(readFileSync(path, "utf8"), {
    delimiter: " ",
    relax_column_count: true,
    skip_empty_lines: true,
    info: true,
    trim: true,
  }) as unknown as { info: { lines: number }; record: string[] }[];
  const lines = records.map(({ info, record }) => {
    const fields = record.filter((field) => field !== "");
    const values = fields.map(Number);
    const bad = values.findIndex((value) => !Number.isFinite(value));
    if (bad >= 0) throw new Error(`${path}, line ${info.lines}: "${fields[bad]}" where a number is needed`);
    return { line: info.lines, values };
  });
  if (lines.length === 0) throw new Error(`${path}: no line with numbers`);
  return lines;
}
