/** What is counted of one node between two vitals records. */
import type { Probe } from "../../../core/kernel/node.ts";

export type VitalsCounters = { probes: number; answered: number; latenciesMs: number[]; lagBlocksMax: number | null };

/** Ten probes a second for five minutes, the fastest cadence and the longest period that the fleet file allows. */
const LATENCIES_MAX = 3_000;

export const vitalsCounters = (): VitalsCounters => ({ probes: 0, answered: 0, latenciesMs: [], lagBlocksMax: null });

export function countProbe(counters: VitalsCounters, probe: Probe): void {
  counters.probes += 1;
  if (probe.kind !== "answered") return;
  counters.answered += 1;
  if (counters.latenciesMs.length < LATENCIES_MAX) counters.latenciesMs.push(probe.latencyMs);
}

export function countLag(counters: VitalsCounters, lagBlocks: number | null): void {
  if (lagBlocks !== null) counters.lagBlocksMax = Math.max(counters.lagBlocksMax ?? 0, lagBlocks);
}
