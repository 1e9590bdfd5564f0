/** From what the registry keeps for two weeks to the rows of an object of history: each record at its own time, nothing filled in. */
import type { RecordOf } from "../../kernel/records.ts";
import { signalsOf } from "../../kernel/signals.ts";
import type { HistoryRow } from "./history.ts";

/** All of one node by one observer. A name that both kinds had at one moment is a named metric's. */
export function rowsOf(vitals: readonly RecordOf<"vitals">[], metrics: readonly RecordOf<"metricMinute">[]): HistoryRow[] {
  return [...vitals.map((record) => ({ atMs: record.atMs, values: signalsOf(record) })), ...metrics.map(({ atMs, values }) => ({ atMs, values }))];
}
