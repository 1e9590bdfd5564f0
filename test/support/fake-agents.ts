/**
 * Agents in memory for the workflow's tests: each runs the real grant machine over a disk of its own, so that the laws of
 * "one holder" can be asserted on what the workflow did. Only the wire and the signatures are left out.
 */
import { judgeCheckpoint, takeCheckpoint } from "../../core/failover/stateful-failover/checkpoint.ts";
import {
  acceptGrant,
  emptyMemory,
  fence,
  issueNonce,
  type Memory,
  maySign,
  neverHeld,
  type StoredRole,
  spendNonce,
} from "../../core/failover/stateful-failover/grant.ts";
import type { Command, Reply, Report } from "../../core/kernel/agent-protocol.ts";
import type { FleetNode } from "../../core/kernel/fleet.ts";
import type { RoleName } from "../../core/kernel/ids.ts";
import type { AgentAnswer, Agents, Clock } from "../../core/kernel/ports.ts";
import { FakeJobs, isJobCommand } from "./fake-jobs.ts";

/** `up`; `gone`: the host says that nothing listens; `silent`: nothing comes back at all. */
export type Reach = "up" | "gone" | "silent";

export class FakeAgent {
  reach: Reach = "up";
  able = true;
  /** Fails the operator's promote hook. */
  hookFails = false;
  /** Its validator asks in every slot while this is true. */
  validates = true;
  stored: StoredRole;
  memory: Memory = emptyMemory;
  bootId: string;
  counter = 1;
  askedAtMs: number | null = null;
  promotedEpoch = 0;
  adopted: { epoch: number; version: number } | null = null;
  pending: string[] = [];
  private nonces = 0;
  readonly node: FleetNode;
  readonly jobs: FakeJobs;
  private readonly clock: Clock;

  constructor(node: FleetNode, role: RoleName, clock: Clock) {
    this.node = node;
    this.clock = clock;
    this.jobs = new FakeJobs(clock);
    this.stored = neverHeld(role);
    this.bootId = `${node.id}-boot-1`;
  }

  persist(stored: StoredRole): void {
    this.stored = stored;
    this.counter += 1;
  }

  /** Whether it would say yes, without asking it. */
  wouldSign(slot: number): boolean {
    return maySign(this.stored, this.memory, { slot, nowMs: this.clock.monotonicMs() }).answer.kind === "yes";
  }

  ask(slot: number): boolean {
    this.askedAtMs = this.clock.wallMs();
    const { answer, stored } = maySign(this.stored, this.memory, { slot, nowMs: this.clock.monotonicMs() });
    if (answer.kind === "yes") this.persist(stored);
    return answer.kind === "yes";
  }

  report(): Report {
    this.nonces += 1;
    const nonce = `${this.node.id}-${String(this.nonces)}`.padEnd(22, "x").slice(0, 22);
    const nowMs = this.clock.monotonicMs();
    this.memory = issueNonce(this.memory, nonce, nowMs);
    const held = this.memory.grants.get(this.stored.role);
    const grant = held && {
      epoch: held.epoch,
      fromSlot: held.fromSlot,
      throughSlot: held.throughSlot,
      remainingMs: Math.max(0, held.expiresAtMs - nowMs),
    };
    const askedMsAgo = this.askedAtMs === null ? null : this.clock.wallMs() - this.askedAtMs;
    return {
      boot: { bootId: this.bootId, storeCounter: this.counter },
      closed: null,
      nonce,
      wallMs: this.clock.wallMs(),
      self: { kind: "answering", head: null, headHash: null, forMs: 0 },
      roles: [{ ...this.stored, role: this.stored.role as RoleName, grant: grant ?? null, askedMsAgo }],
      peers: [],
      host: { cpuShare: null, memoryShare: null, diskFreeBytes: null, diskFreeShare: null, openFiles: null, clockOffsetMs: null, node: null },
      refused: { replayed: 0, stale: 0, forged: 0, misdirected: 0 },
      checkpoint: null,
      work: null,
    };
  }

  checkpoint() {
    const { role, epoch, watermark } = this.stored;
    const pending = this.pending.map((raw, nonce) => ({ sender: "s", nonce, raw }));
    return takeCheckpoint({ role: role as RoleName, node: this.node.id, epoch, version: this.counter, watermark, pending });
  }

  /** Null: it stays silent. `untilSigned` lets the chain go on until one more slot is signed here. */
  async obey(order: Omit<Command, "fleet" | "node" | "challenge"> & { kind: Command["kind"] }, untilSigned: () => Promise<void>): Promise<Reply> {
    const command = order as Command;
    const stamp = { fleet: "f", node: this.node.id, challenge: "c".repeat(22), boot: { bootId: this.bootId, storeCounter: this.counter } };
    const say = (reply: object): Reply => ({ ...stamp, boot: { bootId: this.bootId, storeCounter: this.counter }, ...reply }) as Reply;
    if (command.kind === "report") return say({ kind: "report", report: this.report() });
    if (command.kind === "checkpoint") return say({ kind: "checkpoint", checkpoint: this.checkpoint() });
    if (command.kind === "look-at-job" || command.kind === "look-at-scratch") return say(await this.jobs.obey(command));
    const { role } = this.stored;
    if (command.kind === "grant") {
      const taken = acceptGrant(this.stored, this.memory, { grant: command.grant, nonce: command.nonce, nowMs: this.clock.monotonicMs() });
      this.memory = taken.memory;
      if (taken.kind === "refused") return say({ kind: "refused", code: taken.code, reason: taken.reason });
      this.persist(taken.stored);
      return say({ kind: "granted", role, epoch: command.grant.epoch, watermark: this.stored.watermark });
    }
    const spent = spendNonce(this.memory, command.nonce, this.clock.monotonicMs());
    if (spent.kind === "refused") return say({ kind: "refused", code: spent.code, reason: spent.reason });
    this.memory = spent.memory;
    if (isJobCommand(command)) return say(await this.jobs.obey(command));
    if (command.kind === "fence") {
      if (command.after === "next-signature") await untilSigned();
      const fenced = fence(this.stored, this.memory, command.epoch);
      this.memory = fenced.memory;
      this.persist(fenced.stored);
      const { fencedThrough: epoch, watermark, throughSlot } = this.stored;
      return say({ kind: "fenced", role, epoch, watermark, throughSlot, checkpoint: this.checkpoint() });
    }
    if (command.kind === "prepare")
      return say({ kind: "prepared", role, able: this.able, reason: this.able ? "ready" : "its disk is full", head: null });
    if (command.kind === "adopt") {
      const judged = judgeCheckpoint(command.checkpoint, { role, adopted: this.adopted });
      if (judged.kind === "refused") return say({ kind: "refused", code: "checkpoint-invalid", reason: judged.reason });
      const fresh = judged.checkpoint.body.pendingTransactions.filter((raw) => !this.pending.includes(raw));
      this.pending.push(...fresh);
      this.adopted = judged.checkpoint;
      const known = judged.checkpoint.body.pendingTransactions.length - fresh.length;
      return say({ kind: "adopted", role, version: judged.checkpoint.version, accepted: fresh.length, known, rejected: 0 });
    }
    if (command.epoch < this.promotedEpoch) return say({ kind: "refused", code: "stale-epoch", reason: `promoted in ${this.promotedEpoch}` });
    if (this.hookFails) return say({ kind: "refused", code: "hook-failed", reason: "the promote hook ended with 1" });
    this.promotedEpoch = command.epoch;
    return say({ kind: command.kind === "promote" ? "promoted" : "demoted", role, epoch: command.epoch });
  }
}

/** The port over the agents; silence costs the caller its whole time limit. */
export function fakeAgents(agents: ReadonlyMap<string, FakeAgent>, clock: Clock, untilSigned: (agent: FakeAgent) => Promise<void>): Agents {
  const call = async (node: FleetNode, order: { kind: Command["kind"] }, options: { timeoutMs: number }): Promise<AgentAnswer> => {
    const agent = agents.get(node.id);
    if (!agent || agent.reach === "gone") return { kind: "unreachable", reason: "connection refused" };
    if (agent.reach === "silent") {
      await clock.sleep(options.timeoutMs);
      return { kind: "unreachable", reason: `nothing within ${options.timeoutMs} ms` };
    }
    const reply = await agent.obey(order, () => untilSigned(agent));
    return reply.kind === "refused" ? { kind: "refused", code: reply.code, reason: reply.reason } : { kind: "answered", reply, roundTripMs: 0 };
  };
  return { call: call as Agents["call"] };
}
