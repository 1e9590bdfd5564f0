/** What every command of the agent works with, and the words in which it answers. */
import type { KeyObject } from "node:crypto";
import type { Reply, ReplyOf } from "../core/kernel/agent-protocol.ts";
import type { HostVitals } from "../core/kernel/host-vitals.ts";
import type { Boot } from "../core/kernel/lease.ts";
import type { Clock, Log } from "../core/kernel/ports.ts";
import type { WorkView } from "../core/kernel/work-trade.ts";
import type { Checkpoints } from "./checkpoint.ts";
import type { AgentConfig } from "./config.ts";
import type { Duty } from "./duty.ts";
import type { Gate } from "./gate.ts";
import type { Neighbours } from "./neighbours.ts";
import type { VaultJobs } from "./vault/jobs.ts";

export type Agent = {
  readonly config: AgentConfig;
  readonly privateKey: KeyObject;
  readonly gate: Gate;
  readonly neighbours: Neighbours;
  readonly checkpoints: Checkpoints;
  readonly duty: Duty;
  readonly jobs: VaultJobs;
  readonly vitals: () => HostVitals;
  /** Null where no work is traded. */
  readonly work: () => WorkView | null;
  /** The signed end of the boot before, where it ended cleanly. */
  readonly closed: Boot | null;
  readonly refused: { replayed: number; stale: number; forged: number; misdirected: number };
  readonly clock: Clock;
  readonly log: Log;
};

type Stamp = "fleet" | "node" | "challenge" | "boot";
/** A reply without its stamp, which the dispatcher adds last. */
export type Answer<K extends Reply["kind"] = Reply["kind"]> = K extends Reply["kind"] ? Omit<ReplyOf<K>, Stamp> : never;
export type RefusalCode = ReplyOf<"refused">["code"];

export function refuse(code: RefusalCode, reason: string): Answer<"refused"> {
  return { kind: "refused", code, reason };
}

/** Whether an order for `epoch` may still be obeyed here. */
export function staleReason(stored: { epoch: number; fencedThrough: number }, epoch: number): string | null {
  if (epoch <= stored.fencedThrough) return `epoch ${epoch} is refused for ever: fenced through ${stored.fencedThrough}`;
  if (epoch < stored.epoch) return `epoch ${epoch} is older than ${stored.epoch}, which was accepted here`;
  return null;
}
