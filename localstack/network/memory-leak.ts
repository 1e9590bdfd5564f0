/**
 * Makes a node's own process really grow, without a change to anything that another node sees: it is asked for log filters that
 * nobody ever polls, each of which it keeps with thousands of topics. No block, no state and no transaction is touched. An anvil
 * drops a filter that was not polled for five minutes, so a leak takes less.
 */
import type { JsonRpc } from "./json-rpc.ts";

/** 1.5 MB in the node, 800 KB in the request, 11 ms of its work; requests of 2 MB are refused. */
const TOPICS = Array.from({ length: 12_000 }, (_, index) => `0x${(index + 1).toString(16).padStart(64, "0")}`);
const STEP_MS = 250;
/** A node that answers slowly is not drowned: 50 MB a second at most. */
const FILTERS_A_STEP_MAX = 8;
const FILTER_MS_MAX = 2_000;

export type LeakFacts = {
  readonly rpc: JsonRpc;
  /** Null once the process that began to leak is gone. */
  readonly residentBytes: () => Promise<number | null>;
  readonly limitBytes: number;
  /** Its memory reaches the limit in this time, along a line. */
  readonly overMs: number;
  readonly signal: AbortSignal;
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
};

/** Resolves to the memory beyond the limit; to null where the process was gone, it took far too long, or it was ended before. */
export async function leakMemory({ rpc, residentBytes, limitBytes, overMs, signal, sleep }: LeakFacts): Promise<number | null> {
  const from = await residentBytes();
  const beganMs = performance.now();
  for (let elapsedMs = 0; from !== null && !signal.aborted && elapsedMs < 3 * overMs; elapsedMs = performance.now() - beganMs) {
    const wanted = from + (limitBytes - from) * (elapsedMs / overMs);
    for (let made = 0; made < FILTERS_A_STEP_MAX && !signal.aborted; made += 1) {
      const resident = await residentBytes();
      if (resident === null) return null;
      if (resident > limitBytes) return resident;
      if (resident >= wanted) break;
      // One that does not answer now may do so at the next step; one that is gone has no memory any more.
      await rpc.batch([["eth_newFilter", [{ topics: [TOPICS] }]]], FILTER_MS_MAX).catch(() => undefined);
    }
    await sleep(STEP_MS, signal);
  }
  return null;
}
