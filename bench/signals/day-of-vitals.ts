/**
 * A day of a node's vitals by a seed: a minute apart with the milliseconds by which a watcher is late, latencies as a clock tells them,
 * shares of whole bytes and blocks, counts, and a half hour in which nothing was measured.
 */

import { NodeId, RegionName } from "../../core/kernel/ids.ts";
import { signalsOf } from "../../core/kernel/signals.ts";
import type { HistoryRow, HistorySpan } from "../../core/prediction/signal-history/history.ts";

const MINUTES = 1_440;
const FROM_MS = Date.UTC(2026, 10, 24);
const PAGE_BYTES = 4_096;
const MEMORY_BYTES = 16 * 2 ** 30;
const NODE_BYTES = 8 * 2 ** 30;
const DISK_BLOCKS = 244_190_646;

export function dayOfVitals(seed: number): { span: HistorySpan; rows: HistoryRow[] } {
  const { uniform, normal } = chance(seed);
  const page = (bytes: number): number => Math.round(bytes / PAGE_BYTES) * PAGE_BYTES;
  let [used, nodeUsed, files, free, peers, atMs] = [10 * 2 ** 30, 4e9, 400, 2e8, 25, FROM_MS + 37_123];
  const rows = Array.from({ length: MINUTES }, (_, minute): HistoryRow => {
    const load = 0.5 + 0.5 * Math.sin((2 * Math.PI * minute) / MINUTES);
    const isSilent = minute >= 300 && minute < 330;
    used += 3e6 * normal();
    nodeUsed += 2e6 * normal() + 3e4;
    files = Math.max(50, files + Math.round(2 * normal()));
    free -= Math.floor(200 * uniform());
    peers += Math.round(0.4 * normal());
    atMs += 60_000 + Math.floor(4 * uniform());
    const answered = 60 - (uniform() < 0.03 ? 1 : 0);
    const busyTicks = Math.round(2_400 * (0.1 + 0.3 * load + 0.03 * Math.abs(normal())));
    const node = {
      memoryBytes: page(nodeUsed),
      memoryBytesMax: NODE_BYTES,
      openFiles: files,
      openFilesMax: 65_536,
      requestsPerSecond: Math.round(60 * Math.max(0, 10 + 60 * load + 5 * normal())) / 60,
      pendingTransactions: Math.max(0, Math.round(50 + 200 * load + 30 * normal())),
    };
    const host = {
      cpuShare: busyTicks / 2_400,
      memoryShare: page(used) / MEMORY_BYTES,
      diskFreeBytes: free * PAGE_BYTES,
      diskFreeShare: free / DISK_BLOCKS,
      openFiles: files,
      clockOffsetMs: Math.round(400 * normal()) / 1_000,
      node,
    };
    const values = signalsOf({
      node: NodeId.parse("n1"),
      observer: RegionName.parse("us-east-1"),
      atMs,
      probes: 60,
      answered: isSilent ? 0 : answered,
      latencyMsMedian: isSilent ? null : 2 + 2 * load + 0.4 * Math.abs(normal()),
      latencyMsMax: null,
      head: minute,
      lagBlocksMax: isSilent ? null : uniform() < 0.2 ? 1 : 0,
      peers: isSilent ? null : peers,
      blockIntervalMs: isSilent ? null : 12_000 + Math.round(300 * normal()),
      host: isSilent ? null : host,
    });
    return { atMs, values };
  });
  return { span: { node: "n1", observer: "us-east-1", fromMs: FROM_MS, untilMs: FROM_MS + 86_400_000 + 60_000 }, rows };
}

/** A linear congruential generator (Numerical Recipes' constants) and Box and Muller's normal numbers: enough for noise. */
function chance(seed: number) {
  let state = seed >>> 0;
  const uniform = (): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
  return { uniform, normal: (): number => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform()) };
}
