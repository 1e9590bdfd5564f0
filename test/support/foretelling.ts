/**
 * A fleet that is foreseen, on a clock that the test turns: vitals are written as a watcher would, foresight looks, and the preempt workflow is
 * walked as its definition orders it, one step a look.
 */
import { updateRecord } from "../../core/kernel/compare-and-set.ts";
import { RunStale } from "../../core/kernel/errors.ts";
import type { NodeId } from "../../core/kernel/ids.ts";
import type { World } from "../../core/kernel/ports.ts";
import { pad } from "../../core/kernel/records.ts";
import { drainNode } from "../../functions/failover/moving/draining.ts";
import { lookAhead } from "../../functions/prediction/foreseeing/looking.ts";
import { closePreemption, relieveNode, warnPeople } from "../../functions/prediction/preempting/acting.ts";
import type { PreemptStep } from "../../functions/prediction/preempting/step.ts";
import { weighPreemption } from "../../functions/prediction/preempting/weighing.ts";
import { FakeFleet } from "./fake-fleet.ts";
import { HOME } from "./fake-fleet-file.ts";
import { manualClock } from "./manual-clock.ts";

export const MINUTE_MS = 60_000;
export type MemoryShares = Readonly<Record<string, number | null>>;

export class Foretelling {
  readonly network: FakeFleet;
  readonly world: World;
  /** Failover workflows that were asked for, by name. */
  readonly started = new Map<string, Record<string, unknown>>();
  /** Executions of the preempt workflow under way, by node. */
  readonly running = new Map<NodeId, string>();
  readonly steps: string[] = [];
  /** What the failover workflow does when it is started: moves the lease, unless a test wants it to fail. */
  moves = true;
  private serial = 0;

  constructor(prediction: Record<string, unknown> = {}) {
    const clock = manualClock();
    this.network = new FakeFleet(clock, { prediction: { mode: "auto", ...prediction } });
    const workflows = { decide: () => Promise.reject(new Error("nothing is decided here")), start: this.startFailover.bind(this) };
    this.world = { ...this.network.world(HOME), module: "prediction", workflows };
  }

  private async startFailover(name: string, input: Record<string, unknown>) {
    if (!this.started.has(name) && this.moves) await this.moveLease();
    this.started.set(name, input);
    return { execution: name };
  }

  private async moveLease(): Promise<void> {
    await updateRecord(this.world.registry, "lease", "primary", (lease) => {
      if (lease === null) return { kind: "keep" as const };
      const to = this.network.fleet.nodes.find(({ id }) => id !== lease.holder)?.id ?? lease.holder;
      return { kind: "write" as const, next: { ...lease, holder: to, epoch: lease.epoch + 1 } };
    });
  }

  /** Of n1's RPC. */
  latencyMs: number | null = 2;

  /** A minute goes by in which each node's memory was as said; every node is well but those named. */
  async minute(shares: MemoryShares, dead: readonly string[] = []): Promise<void> {
    await this.network.clock.advance(MINUTE_MS);
    const atMs = this.world.clock.wallMs();
    for (const { id } of this.network.fleet.nodes) {
      const share = shares[id] ?? null;
      const node =
        share === null
          ? null
          : {
              memoryBytes: share * 1_000,
              memoryBytesMax: 1_000,
              openFiles: null,
              openFilesMax: null,
              requestsPerSecond: null,
              pendingTransactions: null,
            };
      const host = { cpuShare: null, memoryShare: null, diskFreeBytes: null, diskFreeShare: null, openFiles: null, clockOffsetMs: null, node };
      const vitals = {
        node: id,
        observer: HOME,
        atMs,
        probes: 60,
        answered: 60,
        latencyMsMedian: id === "n1" ? this.latencyMs : 2,
        latencyMsMax: 4,
        head: 1,
        lagBlocksMax: 0,
        peers: 3,
        blockIntervalMs: 1_000,
        host,
      };
      await this.world.registry.write("vitals", `${id}/${HOME}/${pad(atMs)}`, vitals as never, "any");
      const kind = dead.includes(id) ? "dead" : "healthy";
      const verdict = {
        observer: HOME,
        node: id,
        kind,
        confirmed: true,
        sinceMs: atMs,
        atMs,
        reason: kind,
        head: 1,
        lagBlocks: 0,
        suspicion: 0,
        flapPenalty: 0,
        sightings: [],
      };
      await this.world.registry.write("verdict", `${id}/${HOME}`, verdict as never, "any");
    }
    const before = this.network.published("prediction.node-endangered").length;
    await lookAhead(this.world);
    for (const { detail } of this.network.published("prediction.node-endangered").slice(before)) {
      const { node } = detail as { node: NodeId };
      this.serial += 1;
      if (!this.running.has(node)) this.running.set(node, `arn:preempt-${this.serial}`);
    }
    for (const [node, execution] of [...this.running]) await this.step(node, execution);
  }

  /** From one pause to the next, as statemachines/preempt.asl.json has it. */
  private async step(node: NodeId, execution: string): Promise<void> {
    const { world } = this;
    const input = { fleet: world.fleet.fleet, node, execution, rounds: 0 };
    try {
      for (;;) {
        const step = await weighPreemption(world, input);
        if (step.decision === "wait") return;
        this.steps.push(`${node} ${step.decision}${step.ending === null ? "" : ` ${step.ending}`}`);
        if (step.decision === "end") {
          this.running.delete(node);
          await closePreemption(world, step);
          return;
        }
        await ACTS[step.decision](world, step);
      }
    } catch (error) {
      if (!(error instanceof RunStale)) throw error;
      this.running.delete(node);
    }
  }
}

const ACTS: Readonly<Record<"warn" | "drain" | "hand-over", (world: World, step: PreemptStep) => Promise<unknown>>> = {
  warn: warnPeople,
  drain: drainNode,
  "hand-over": relieveNode,
};
