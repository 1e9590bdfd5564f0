/** Writes results as NAB's own runner does: <out>/<detector>/<group>/<detector>_<file>.csv with timestamp, value, anomaly_score, label. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { NabSeries } from "./corpus.ts";

export function writeResults(out: string, detector: string, series: readonly NabSeries[], scores: readonly ArrayLike<number>[]): number {
  series.forEach(({ group, file, timestamps, values, windows }, place) => {
    const folder = join(out, detector, group);
    mkdirSync(folder, { recursive: true });
    const lines = timestamps.map((timestamp, row) => {
      const isInWindow = windows.some(({ first, last }) => row >= first && row <= last);
      const value = values[row] ?? Number.NaN;
      return `${timestamp},${Number.isNaN(value) ? "" : value},${scores[place]?.[row] ?? 0},${isInWindow ? 1 : 0}`;
    });
    writeFileSync(join(folder, `${detector}_${file}`), `timestamp,value,anomaly_score,label\n${lines.join("\n")}\n`);
  });
  return series.length;
}
