/**
 * How small history is: a day of one node's vitals, made by a seed to be like what a watcher and an agent say, as an object of history and
 * in the forms that one would think of first, and in Gorilla's own packing. Bytes are exact; the time is this machine's.
 */
import { constants, gzipSync, zstdCompressSync } from "node:zlib";
import { historyOf, rowAt } from "../core/prediction/signal-history/history.ts";
import { decodeHistory, encodeHistory } from "../core/prediction/signal-history/history-object.ts";
import type { Bench } from "./bench.ts";
import { dayOfVitals } from "./signals/day-of-vitals.ts";
import { gorillaBytes } from "./signals/gorilla.ts";

const SEED = 7;
const RUNS = 20;

export const signals: Bench = {
  name: "signals",
  async run({ runs = RUNS, given, say }) {
    const { span, rows } = dayOfVitals(Number(given.seed ?? SEED));
    const names = Object.keys(rows[0]?.values ?? {});
    const history = historyOf(span, rows);
    const object = encodeHistory(history);
    const decoded = decodeHistory(object);
    const exact =
      decoded.kind === "read" && rows.every((row, index) => JSON.stringify(rowAt(decoded.history, index)) === JSON.stringify(sorted(row)));
    const lines = rows.map(({ atMs, values }) => JSON.stringify({ atMs, ...values })).join("\n");
    const csv = [`atMs,${names.join()}`, ...rows.map(({ atMs, values }) => [atMs, ...names.map((name) => values[name] ?? "")].join())].join("\n");
    const packed = [...history.columns.values()].map((column) => gorillaBytes(column.filter((value) => !Number.isNaN(value))));
    const strongest = (bytes: Uint8Array) => zstdCompressSync(bytes, { params: { [constants.ZSTD_c_compressionLevel]: 19 } }).length;
    const values = rows.length * (names.length + 1);
    const each = (bytes: number): number => Math.round((bytes / values) * 100) / 100;
    const sizes = {
      history: object.length,
      gorilla: packed.reduce((sum, bytes) => sum + bytes.length, 0),
      "gorilla, zstd": packed.reduce((sum, bytes) => sum + strongest(bytes), 0),
      "CSV, gzip": gzipSync(csv, { level: 9 }).length,
      "JSON lines, gzip": gzipSync(lines, { level: 9 }).length,
      "JSON lines": Buffer.byteLength(lines),
    };
    for (const [form, bytes] of Object.entries(sizes)) say(`${form}: ${bytes} bytes, ${each(bytes)} a value`);
    const time = (work: () => unknown): number => {
      const from = performance.now();
      for (let run = 0; run < runs; run += 1) work();
      return Math.round(((performance.now() - from) / runs) * 10) / 10;
    };
    const bytesPerValue = Object.fromEntries(Object.entries(sizes).map(([form, bytes]) => [form, each(bytes)]));
    const figures = { points: rows.length, signals: names.length, exact, bytes: sizes, bytesPerValue };
    const took = { encodeMs: time(() => encodeHistory(history)), decodeMs: time(() => decodeHistory(object)) };
    const pass = exact && Object.values(sizes).every((bytes) => bytes >= sizes.history);
    return { figures: { ...figures, ...took }, pass };
  },
};

const sorted = ({ atMs, values }: { atMs: number; values: Readonly<Record<string, number | null>> }) => ({
  atMs,
  values: Object.fromEntries(Object.entries(values).toSorted(([one], [other]) => (one < other ? -1 : 1))),
});
