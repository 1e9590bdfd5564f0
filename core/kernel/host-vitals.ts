/** What an agent measures of its host and of the node beside it. What cannot be measured is null, never zero. */
import * as z from "zod";

/** Of the node's own process and folder, where the agent was told which they are. */
export const NodeVitals = z.object({
  memoryBytes: z.number().min(0).nullable(),
  /** Beyond it the system ends the node. */
  memoryBytesMax: z.number().min(0).nullable(),
  openFiles: z.int().min(0).nullable(),
  openFilesMax: z.int().min(0).nullable(),
  /** Requests at the node's RPC since the look before, a second. */
  requestsPerSecond: z.number().min(0).nullable(),
  pendingTransactions: z.int().min(0).nullable(),
});
export type NodeVitals = z.infer<typeof NodeVitals>;

export const HostVitals = z.object({
  cpuShare: z.number().min(0).max(1).nullable(),
  memoryShare: z.number().min(0).max(1).nullable(),
  diskFreeBytes: z.number().min(0).nullable(),
  diskFreeShare: z.number().min(0).max(1).nullable(),
  openFiles: z.int().min(0).nullable(),
  clockOffsetMs: z.number().nullable(),
  node: NodeVitals.nullable().default(null),
});
export type HostVitals = z.infer<typeof HostVitals>;
