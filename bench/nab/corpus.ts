/**
 * Reads a folder in the layout of the Numenta Anomaly Benchmark (data/<group>/<file>.csv, labels/combined_windows.json, config/profiles.json).
 * A file that does not fit ends in one error naming the file, the line, what was found and what is allowed.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "csv-parse/sync";
import { z } from "zod";

/** `window` limits are row numbers, both inside the window. */
export type NabSeries = {
  readonly group: string;
  readonly file: string;
  readonly timestamps: readonly string[];
  readonly atMs: Float64Array;
  readonly values: Float64Array;
  readonly windows: readonly { readonly first: number; readonly last: number }[];
};
export type Profile = { readonly tpWeight: number; readonly fpWeight: number; readonly fnWeight: number };
export type NabCorpus = { readonly series: readonly NabSeries[]; readonly profiles: ReadonlyMap<string, Profile> };

const ROWS_MAX = 1_000_000;
const Rows = z.array(z.array(z.string()).min(2)).max(ROWS_MAX);
const Windows = z.record(z.string(), z.array(z.tuple([z.string(), z.string()])));
const Weights = z.object({ tpWeight: z.number(), fpWeight: z.number(), fnWeight: z.number() });
const Profiles = z.record(z.string(), z.object({ CostMatrix: Weights }));

export function readNabCorpus(folder: string): NabCorpus {
  const windows = Windows.parse(readJson(join(folder, "labels", "combined_windows.json")));
  const profiles = Object.entries(Profiles.parse(readJson(join(folder, "config", "profiles.json"))));
  const groups = readdirSync(join(folder, "data"), { withFileTypes: true }).filter((entry) => entry.isDirectory());
  const series = groups
    .map(({ name }) => name)
    .toSorted()
    .flatMap((group) => {
      const files = readdirSync(join(folder, "data", group)).filter((name) => name.endsWith(".csv"));
      return files.toSorted().map((file) => readSeries(folder, group, file, windows[`${group}/${file}`]));
    });
  if (series.length === 0) throw new Error(`${join(folder, "data")}: no <group>/<file>.csv was found; at least one is needed`);
  return { series, profiles: new Map(profiles.map(([name, { CostMatrix }]) => [name, CostMatrix])) };
}

function readJson(path: string): unknown {
  const text = readFileSync(path, "utf8");
  try {
    return JSON.parse(text);
  } catch (problem) {
    throw new Error(`${path}: not JSON (${problem instanceof Error ? problem.message : String(problem)})`);
  }
}

function readSeries(folder: string, group: string, file: string, windows: readonly [string, string][] | undefined): NabSeries {
  const path = join(folder, "data", group, file);
  if (windows === undefined)
    throw new Error(`${path}: labels/combined_windows.json does not name ${group}/${file}; a list is needed, empty if it has no anomaly`);
  const [header = [], ...rows] = Rows.parse(parse(readFileSync(path, "utf8"), { skip_empty_lines: true, relax_column_count: true }));
  if (header[0] !== "timestamp" || header[1] !== "value")
    throw new Error(`${path}:1: found the columns ${header.join(", ")}; timestamp and value are needed`);
  const timestamps = rows.map(([timestamp = ""]) => timestamp);
  const atMs = Float64Array.from(timestamps, (timestamp, row) => parseTime(timestamp, `${path}:${row + 2}`));
  const values = Float64Array.from(rows, ([, text = ""], row) => parseValue(text, `${path}:${row + 2}`));
  const limits = windows.map(([from, to]) => {
    const first = atMs.indexOf(parseTime(from, path));
    const last = atMs.indexOf(parseTime(to, path));
    if (first < 0 || last < first) throw new Error(`${path}: the window ${from} to ${to} does not begin and end at rows of the file`);
    return { first, last };
  });
  return { group, file, timestamps, atMs, values, windows: limits.toSorted((left, right) => left.first - right.first) };
}

export function parseTime(text: string, where: string): number {
  const atMs = Date.parse(`${text.trim().replace(" ", "T").replace(/Z$/, "")}Z`);
  if (Number.isNaN(atMs)) throw new Error(`${where}: found the time "${text}"; YYYY-MM-DD HH:MM:SS is allowed`);
  return atMs;
}

/** NaN stands for a gap: an empty field. */
export function parseValue(text: string, where: string): number {
  const value = Number(text);
  if (text.trim() === "" || text === "NaN") return Number.NaN;
  if (!Number.isFinite(value)) throw new Error(`${where}: found the value "${text}"; a number or nothing is allowed`);
  return value;
}
