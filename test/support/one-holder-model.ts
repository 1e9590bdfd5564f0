/**
 * A world in which everything that may happen to a role happens: two watchers renew side by side, messages are late,
 * doubled or lost, takeovers stop and are resumed, agents crash, are paused, restart cleanly, or wake up on an old copy
 * of their disk, and no clock runs like another. It drives the product's own transitions and only keeps the score.
 */
import {
  acceptGrant,
  emptyMemory,
  fence,
  issueNonce,
  type Memory,
  maySign,
  neverHeld,
  type StoredRole,
} from "../../core/failover/stateful-failover/grant.ts";
import { markRevoking, renewLease } from "../../core/failover/stateful-failover/lease.ts";
import { type Acknowledgement, clearByAcknowledgement, clearByWaiting, takeLease } from "../../core/failover/stateful-failover/takeover.ts";
import type { IncidentId, NodeId, RoleName } from "../../core/kernel/ids.ts";
import type { Grant, Lease } from "../../core/kernel/lease.ts";
import type { LeaseSighting } from "../../core/kernel/node.ts";
import { RATE_ERROR_MAX } from "../../core/kernel/settings.ts";
import { slotAt } from "../../core/kernel/slots.ts";

export const ROLE = "primary" as RoleName;
export const LEASE_MS = 10_000;
/** Two clocks' rates then differ by RATE_ERROR_MAX at most. */
export const HALF_RATE_ERROR = RATE_ERROR_MAX / (2 + RATE_ERROR_MAX);
export const SLOTS = { kind: "time", genesisTime: 0, seconds: 1 } as const;

type Disk = { stored: StoredRole; counter: number; closed: { bootId: string; storeCounter: number } | null };
type Agent = {
  id: NodeId;
  rate: number;
  boot: number;
  disk: Disk;
  copies: Disk[];
  memory: Memory;
  closed: Disk["closed"];
  paused: boolean;
  stoppedAt: number | null;
};
type Flight = { to: Agent; boot: number; nonce: string; grant: Grant };
type Renewing = {
  agent: Agent;
  boot: number;
  nonce: string;
  read: Lease;
  revision: number;
  report: { bootId: string; counter: number; closed: Disk["closed"]; stored: StoredRole };
};
type Takeover = {
  owner: string;
  rate: number;
  seen: { at: number; epoch: number; renewal: number } | null;
  successor: NodeId;
  word: Acknowledgement | null;
  read: Lease;
  revision: number;
};
export type Signature = { slot: number; signer: NodeId; epoch: number };

export class World {
  now = 1_000_000;
  readonly agents: Agent[];
  lease: Lease;
  revision = 1;
  flights: Flight[] = [];
  renewals: (Renewing | null)[] = [null, null];
  sightings: { rate: number; epoch: number; renewal: number; since: number }[] = [];
  takeovers: (Takeover | null)[] = [null, null];
  pending: Signature[] = [];
  readonly signatures: Signature[] = [];
  readonly epochs = new Map<number, NodeId>();
  private serial = 0;

  constructor(rates: readonly number[]) {
    this.agents = ["n1", "n2", "n3"].map((id, index) => ({
      id: id as NodeId,
      rate: rates[index] ?? 1,
      boot: 1,
      disk: { stored: neverHeld(ROLE), counter: 1, closed: null },
      copies: [],
      memory: emptyMemory,
      closed: null,
      paused: false,
      stoppedAt: null,
    }));
    this.lease = {
      role: ROLE,
      holder: "n1" as NodeId,
      epoch: 1,
      renewal: 1,
      leaseMs: LEASE_MS,
      fromSlot: 0,
      throughSlot: -1,
      state: "held",
      boot: null,
      revocation: null,
      registry: "table",
      takenAtMs: 0,
    };
    this.epochs.set(1, "n1" as NodeId);
  }

  private mono(agent: Agent): number {
    return agent.stoppedAt ?? this.now * agent.rate;
  }
  private bootId(agent: Agent): string {
    return `${agent.id}-boot-${agent.boot}`;
  }
  private persist(agent: Agent, stored: StoredRole): void {
    agent.copies.push(agent.disk);
    agent.disk = { stored, counter: agent.disk.counter + 1, closed: null };
  }
  private write(next: Lease, revision: number): boolean {
    if (revision !== this.revision) return false;
    this.lease = next;
    this.revision += 1;
    if (next.state === "held") {
      const before = this.epochs.get(next.epoch);
      if (before && before !== next.holder) throw new Error(`epoch ${next.epoch} was held by ${before} and by ${next.holder}`);
      this.epochs.set(next.epoch, next.holder);
    }
    return true;
  }

  advance(ms: number): void {
    this.now += ms;
  }

  /** A watcher's three steps, each of which may be the last for a long time: nonce; write; send. */
  watch(index: number, clockErrorMs: number): void {
    const open = this.renewals[index];
    if (!open) {
      const agent = this.agents.find((one) => one.id === this.lease.holder);
      if (!agent || agent.paused) return;
      this.serial += 1;
      const nonce = `nonce-${this.serial}`;
      const [read, revision] = [this.lease, this.revision];
      agent.memory = issueNonce(agent.memory, nonce, this.mono(agent));
      const report = { bootId: this.bootId(agent), counter: agent.disk.counter, closed: agent.closed, stored: agent.disk.stored };
      this.renewals[index] = { agent, boot: agent.boot, nonce, read, revision, report };
      return;
    }
    this.renewals[index] = null;
    const { report } = open;
    const words = { ...report.stored, role: ROLE, grant: null, askedMsAgo: null };
    const renewal = renewLease(open.read, {
      report: { boot: { bootId: report.bootId, storeCounter: report.counter }, closed: report.closed, roles: [words] },
      medianWallMs: Math.max(0, this.now + clockErrorMs),
      slots: SLOTS,
      registry: "table",
    });
    if (renewal.kind === "renewed" && this.write(renewal.next, open.revision)) {
      this.flights.push({ to: open.agent, boot: open.boot, nonce: open.nonce, grant: renewal.grant });
      this.sightings.push({ rate: open.agent.rate, epoch: renewal.next.epoch, renewal: renewal.next.renewal, since: this.now });
    }
  }

  /** Delivers any message under way, perhaps for the second time. */
  deliver(pick: number, keep: boolean): void {
    const flight = this.flights[pick % Math.max(1, this.flights.length)];
    if (!flight || flight.to.paused) return;
    if (!keep) this.flights = this.flights.filter((one) => one !== flight);
    const agent = flight.to;
    const result = acceptGrant(agent.disk.stored, agent.memory, { grant: flight.grant, nonce: flight.nonce, nowMs: this.mono(agent) });
    agent.memory = result.memory;
    if (result.kind === "accepted") this.persist(agent, result.stored);
  }

  /** A validator asks for any slot at all: its clock may be stopped, early or late. It may sign later than it was told. */
  ask(index: number, slotOffset: number, signsLater: boolean): void {
    const agent = this.agents[index % this.agents.length];
    if (!agent || agent.paused) return;
    const slot = slotAt(SLOTS, this.now) + slotOffset;
    const { answer, stored } = maySign(agent.disk.stored, agent.memory, { slot, nowMs: this.mono(agent) });
    if (answer.kind === "no") return;
    this.persist(agent, stored);
    const signature = { slot, signer: agent.id, epoch: answer.epoch };
    if (signsLater) this.pending.push(signature);
    else this.signatures.push(signature);
  }
  signPending(pick: number): void {
    const [signature] = this.pending.splice(pick % Math.max(1, this.pending.length), 1);
    if (signature) this.signatures.push(signature);
  }

  disturb(index: number, how: "pause" | "wake" | "crash" | "restart" | "old-disk" | "stop-clock", pick: number): void {
    const agent = this.agents[index % this.agents.length];
    if (!agent) return;
    if (how === "stop-clock") {
      agent.stoppedAt ??= this.mono(agent);
      return;
    }
    if (how === "pause" || how === "wake") {
      agent.paused = how === "pause";
      return;
    }
    if (how === "restart")
      agent.disk = { ...agent.disk, counter: agent.disk.counter + 1, closed: { bootId: this.bootId(agent), storeCounter: agent.disk.counter + 1 } };
    if (how === "restart") agent.copies.push(agent.disk);
    if (how === "old-disk") agent.disk = agent.copies[pick % Math.max(1, agent.copies.length)] ?? agent.disk;
    this.serial += 1;
    agent.boot = this.serial * 10;
    agent.closed = agent.disk.closed;
    agent.memory = emptyMemory;
    agent.paused = false;
    agent.stoppedAt = null;
    this.persist(agent, agent.disk.stored);
  }

  /** One step of a takeover; two may be at work, or one dead and the other resuming it. */
  takeOver(index: number, step: number, successorPick: number, rate: number): void {
    const open = this.takeovers[index];
    if (!open) {
      const successor = this.agents[successorPick % this.agents.length]?.id ?? ("n1" as NodeId);
      this.serial += 1;
      const owner = `execution-${index}-${this.serial}`;
      this.takeovers[index] = { owner, rate, seen: null, successor, word: null, read: this.lease, revision: this.revision };
      return;
    }
    const incident = "primary-20261124T000000000" as IncidentId;
    const read = this.lease;
    const holder = this.agents.find((one) => one.id === read.holder);
    if (step === 0) {
      const mark = markRevoking(read, { owner: open.owner, incident, nowMs: this.now, deadlineMs: this.now + 5_000 });
      if (mark.kind === "write") this.write(mark.next, this.revision);
      if (mark.kind !== "refused" && open.seen?.renewal !== read.renewal) open.seen = { at: this.now, epoch: read.epoch, renewal: read.renewal };
    } else if (step === 1 && open.seen && holder && !holder.paused) {
      const fenced = fence(holder.disk.stored, holder.memory, read.epoch);
      holder.memory = fenced.memory;
      this.persist(holder, fenced.stored);
      const { watermark, throughSlot, fencedThrough } = fenced.stored;
      open.word = { epoch: fencedThrough, watermark, throughSlot, boot: { bootId: this.bootId(holder), storeCounter: holder.disk.counter } };
    } else if (step === 2 && open.word && read.revocation?.owner === open.owner) {
      const seen = this.signatures.filter((one) => one.signer === read.holder).reduce((most, one) => Math.max(most, one.slot), -1);
      const done = clearByAcknowledgement(read, open.word, seen);
      if (done.kind === "write") this.write(done.next, this.revision);
    } else if (step === 3 && open.seen && read.revocation?.owner === open.owner) {
      const sightings: LeaseSighting[] = this.sightings.map((one) => ({
        role: ROLE,
        epoch: one.epoch,
        renewal: one.renewal,
        seenForMs: (this.now - one.since) * one.rate,
      }));
      const { at, epoch, renewal } = open.seen;
      const atMark = sightings.map((one) => ({ ...one, seenForMs: one.seenForMs - (this.now - at) * (1 + HALF_RATE_ERROR) }));
      const waited = { epoch, renewal, ms: (this.now - at) * open.rate };
      const done = clearByWaiting(read, { waited, sightings: atMark, highestSeenSlot: -1, slots: SLOTS, reason: "no word" });
      if (done.kind === "write") this.write(done.next, this.revision);
    } else if (step === 4) {
      const taken = takeLease(read, {
        successor: open.successor,
        epoch: read.epoch + 1,
        leaseMs: LEASE_MS,
        owner: open.owner,
        incident,
        nowMs: this.now,
      });
      if (taken.kind === "write" && this.write(taken.next, this.revision)) this.takeovers[index] = null;
    } else if (step === 5) {
      this.takeovers[index] = null;
    }
  }

  /** What happens most of the time: a renewal that arrives. */
  renewWhole(index: number): void {
    this.renewals[index] = null;
    this.watch(index, 0);
    this.watch(index, 0);
    this.deliver(this.flights.length - 1, false);
  }

  /** And a takeover that goes through, acknowledged or waited out. */
  takeOverWhole(index: number, successor: number, rate: number, acknowledged: boolean): void {
    if (!this.takeovers[index]) this.takeOver(index, 0, successor, rate);
    this.takeOver(index, 0, successor, rate);
    if (acknowledged) for (const step of [1, 2]) this.takeOver(index, step, successor, rate);
    else {
      this.advance(LEASE_MS * 1.02);
      this.takeOver(index, 3, successor, rate);
    }
    this.takeOver(index, 4, successor, rate);
  }

  /** The first law: no slot is signed by two, nor twice. */
  doubleSigned(): Signature[][] {
    const bySlot = Map.groupBy([...this.signatures, ...this.pending], (one) => one.slot);
    return [...bySlot.values()].filter((all) => all.length > 1);
  }

  /** The second law, for machines whose clocks run: at no instant do two agents hold a lease that has not ended. */
  liveHolders(): NodeId[] {
    const live = this.agents.filter((agent) => {
      const held = agent.memory.grants.get(ROLE);
      return agent.stoppedAt === null && held && held.epoch > agent.disk.stored.fencedThrough && this.mono(agent) < held.expiresAtMs;
    });
    return live.map((agent) => agent.id);
  }
}
