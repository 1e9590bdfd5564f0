/**
 * Reads labelled series of production metrics: <folder>/**\/*.csv with the columns TimeStamp, Value and Label (0 or 1), as in Microsoft's
 * cloud-monitoring data set. An empty value is a gap. What does not fit ends in one error with file, line, what was found and what is allowed.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { parse } from "csv-parse/sync";
import { z } from "zod";
import { parseTime, parseValue } from "../nab/corpus.ts";

export type LabelledSeries = {
  readonly file: string;
  readonly atMs: Float64Array;
  /** NaN is a gap. */
  readonly values: Float64Array;
  readonly labels: Uint8Array;
  readonly cadenceMs: number;
};

const ROWS_MAX = 1_000_000;
const ROWS_MIN = 3;
const Rows = z.array(z.array(z.string())).max(ROWS_MAX);
const COLUMNS = ["timestamp", "value", "label"] as const;

export function readLabelledSeries(folder: string): LabelledSeries[] {
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".csv"));
  if (files.length === 0) throw new Error(`${folder}: no .csv file was found; at least one is needed`);
  return files.toSorted().map((file) => readOne(folder, join(folder, file)));
}

function readOne(folder: string, path: string): LabelledSeries {
  const [header = [], ...rows] = Rows.parse(parse(readFileSync(path, "utf8"), { bom: true, skip_empty_lines: true, relax_column_count: true }));
  const names = header.map((name) => name.trim().toLowerCase());
  const [at, value, label] = COLUMNS.map((name) => names.indexOf(name)) as [number, number, number];
  if (Math.min(at, value, label) < 0) throw new Error(`${path}:1: found the columns ${header.join(", ")}; TimeStamp, Value and Label are needed`);
  if (rows.length < ROWS_MIN) throw new Error(`${path}: found ${rows.length} rows; at least ${ROWS_MIN} are needed`);
  const where = (row: number): string => `${path}:${row + 2}`;
  const atMs = Float64Array.from(rows, (row, place) => parseTime(row[at] ?? "", where(place)));
  const steps = atMs.subarray(1).map((each, place) => each - (atMs[place] ?? each));
  return {
    file: relative(folder, path),
    atMs,
    values: Float64Array.from(rows, (row, place) => parseValue(row[value] ?? "", where(place))),
    labels: Uint8Array.from(rows, (row, place) => parseLabel(row[label] ?? "", where(place))),
    cadenceMs: steps.toSorted()[Math.floor(steps.length / 2)] ?? 0,
  };
}

function parseLabel(text: string, where: string): number {
  const label = text.trim();
  if (label !== "0" && label !== "1") throw new Error(`${where}: found the label "${text}"; 0 or 1 is allowed`);
  return Number(label);
}
