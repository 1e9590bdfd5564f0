/**
 * The vitals of the node beside the agent: its own process by the pid file that the operator names, its disk, and what is asked of
 * it. Every part is bounded in time and bytes, and each that cannot be measured is null by itself.
 */
import * as z from "zod";
import type { NodeVitals } from "../../core/kernel/host-vitals.ts";
import type { Clock } from "../../core/kernel/ports.ts";
import { type NodeRpc, nodeRpc } from "../rpc.ts";
import { memoryLimitOf } from "./memory-limit.ts";
import { nodeProcess } from "./node-process.ts";
import { requestRate } from "./request-rate.ts";
import type { AgentVitals } from "./vitals-config.ts";

/** Demand is judged by minutes, and each look is a request at the node. */
const DEMAND_EVERY_MS = 5_000;
const POOL_LIMITS = { timeoutMs: 1_000, bytesMax: 16 * 1_024 } as const;
const PoolStatus = z.object({
  pending: z
    .string()
    .regex(/^0x[0-9a-f]{1,12}$/i)
    .transform(Number),
});

type Demand = Pick<NodeVitals, "requestsPerSecond" | "pendingTransactions">;

export function nodeVitals({ told, rpc, clock }: { told: AgentVitals | undefined; rpc: string; clock: Pick<Clock, "monotonicMs"> }) {
  const found = told?.pidFile === undefined ? null : nodeProcess({ pidFile: told.pidFile });
  const rate = told?.metrics === undefined ? null : requestRate({ ...told.metrics, clock });
  const pool = nodeRpc(rpc);
  let demand: { readonly seen: Demand; readonly atMs: number } | null = null;

  async function lookAtDemand(): Promise<Demand> {
    if (demand === null || clock.monotonicMs() - demand.atMs >= DEMAND_EVERY_MS) {
      const atMs = clock.monotonicMs();
      const [requestsPerSecond, pending] = await Promise.all([rate?.look() ?? null, pendingAt(pool)]);
      demand = { seen: { requestsPerSecond, pendingTransactions: pending }, atMs };
    }
    return demand.seen;
  }

  return {
    async look(): Promise<NodeVitals> {
      const [running, asked] = await Promise.all([found?.look() ?? null, lookAtDemand()]);
      const limit = told?.memoryBytesMax ?? (running === null ? null : await memoryLimitOf(running.pid));
      return {
        memoryBytes: running?.memoryBytes ?? null,
        memoryBytesMax: limit,
        openFiles: running?.openFiles ?? null,
        openFilesMax: running?.openFilesMax ?? null,
        ...asked,
      };
    },
  };
}

/** Null at a node that does not answer, or that has no such call. */
async function pendingAt(pool: NodeRpc): Promise<number | null> {
  const batch = await pool.batch([{ method: "txpool_status", params: [] }], POOL_LIMITS);
  const [outcome] = batch.kind === "answered" ? batch.outcomes : [];
  return outcome?.kind === "result" ? (PoolStatus.safeParse(outcome.result).data?.pending ?? null) : null;
}
