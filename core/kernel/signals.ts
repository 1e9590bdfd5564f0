/**
 * The signals of a node: what its vitals say, by one name each, as numbers. What was not measured is null and stays null: a gap is
 * never a zero.
 */
import type { Vitals } from "./records.ts";

export const SIGNALS = [
  "latencyMs",
  "errorShare",
  "lagBlocks",
  "blockIntervalMs",
  "peers",
  "cpuShare",
  "memoryShare",
  "nodeMemoryShare",
  "nodeFilesShare",
  "diskFreeShare",
  "clockOffsetMs",
  "requestsPerSecond",
  "pendingTransactions",
] as const;
export type Signal = (typeof SIGNALS)[number];
export type Signals = Readonly<Record<Signal, number | null>>;

export function signalsOf({ probes, answered, latencyMsMedian, lagBlocksMax, blockIntervalMs, peers, host }: Vitals): Signals {
  const node = host?.node ?? null;
  return {
    latencyMs: latencyMsMedian,
    errorShare: probes === 0 ? null : 1 - answered / probes,
    lagBlocks: lagBlocksMax,
    blockIntervalMs,
    peers,
    cpuShare: host?.cpuShare ?? null,
    memoryShare: host?.memoryShare ?? null,
    nodeMemoryShare: share(node?.memoryBytes, node?.memoryBytesMax),
    nodeFilesShare: share(node?.openFiles, node?.openFilesMax),
    diskFreeShare: host?.diskFreeShare ?? null,
    clockOffsetMs: host?.clockOffsetMs ?? null,
    requestsPerSecond: node?.requestsPerSecond ?? null,
    pendingTransactions: node?.pendingTransactions ?? null,
  };
}

const share = (used: number | null | undefined, limit: number | null | undefined): number | null =>
  typeof used === "number" && typeof limit === "number" && limit > 0 ? used / limit : null;
