/**
 * A network of four nodes on a clock that only sleeping moves: in every slot the validators ask their agents and sign, the
 * watchers renew, and the laws are checked. Nothing here decides; all deciding is the product's.
 */
import { memoryBus } from "../../adapters/bus-memory.ts";
import { memoryRegistry } from "../../adapters/registry-memory.ts";
import { contradiction } from "../../core/failover/stateful-failover/contradiction.ts";
import { renewLease } from "../../core/failover/stateful-failover/lease.ts";
import type { Fleet, FleetNode } from "../../core/kernel/fleet.ts";
import { NodeId, RoleName } from "../../core/kernel/ids.ts";
import type { Block, Probe } from "../../core/kernel/node.ts";
import type { Clock, Registry, World } from "../../core/kernel/ports.ts";
import { FakeAgent as Agent, type FakeAgent, fakeAgents, type Reach } from "./fake-agents.ts";
import { fleetOf, GENESIS_S, hash, signerOf } from "./fake-network-fleet.ts";

export const ROLE = RoleName.parse("primary");
export const SLOT_MS = 1_000;

export class FakeNetwork {
  nowMs = (GENESIS_S + 1_000) * 1_000;
  readonly fleet: Fleet;
  readonly agents = new Map<string, FakeAgent>();
  readonly nodeReach = new Map<string, Reach>();
  readonly blocks: (Block & { slot: number })[] = [];
  readonly decisions: { taskToken: string; approved: boolean; by: string }[] = [];
  readonly violations: string[] = [];
  watching = true;
  readonly registry: Registry;
  readonly bus: ReturnType<typeof memoryBus>;
  readonly clock: Clock;
  private moving: Promise<void> = Promise.resolve();

  constructor(fleet: Fleet = fleetOf()) {
    this.fleet = fleet;
    this.clock = { wallMs: () => this.nowMs, monotonicMs: () => this.nowMs - GENESIS_S * 1_000, sleep: (ms) => this.pass(this.nowMs + ms) };
    this.registry = memoryRegistry({ fleet: fleet.fleet, name: "table", clock: this.clock });
    this.bus = memoryBus({ fleet: fleet.fleet, clock: this.clock });
    for (const node of fleet.nodes) {
      this.agents.set(node.id, new Agent(node, ROLE, this.clock));
      this.nodeReach.set(node.id, "up");
    }
    this.blocks.push({ height: 0, hash: hash(0), parentHash: hash(0), timestampS: GENESIS_S, signer: signerOf(998), slot: 0 });
  }

  get slot(): number {
    return Math.floor(this.nowMs / 1_000) - GENESIS_S;
  }
  agent(id: string): FakeAgent {
    const agent = this.agents.get(id);
    if (!agent) throw new RangeError(`no agent ${id}`);
    return agent;
  }
  /** The node beside the agent, and the agent, from now on. */
  setHost(id: string, reach: Reach, agentReach: Reach = reach): void {
    this.nodeReach.set(id, reach);
    this.agent(id).reach = agentReach;
  }

  world(registry: Registry = this.registry, region = "us-east-1"): World {
    const untilSigned = async (agent: FakeAgent) => {
      const before = agent.stored.watermark;
      for (let half = 0; half < 15 && agent.stored.watermark === before; half += 1) await this.clock.sleep(SLOT_MS / 10);
    };
    return {
      fleet: this.fleet,
      region,
      module: "failover",
      registry,
      nodes: { probe: (node, options) => this.probe(node, options.timeoutMs), recentBlocks: async (node, { limit }) => this.blocksAt(node, limit) },
      agents: fakeAgents(this.agents, this.clock, untilSigned),
      bus: this.bus,
      vault: null,
      capacity: null,
      history: null,
      models: null,
      namedMetrics: null,
      workflows: {
        decide: async ({ taskToken }, decision) => {
          this.decisions.push({ taskToken, ...decision });
          return "decided";
        },
        start: async (name) => ({ execution: name }),
      },
      clock: this.clock,
      entropy: { bytes: (count) => new Uint8Array(count) },
      metrics: { count: () => undefined, flush: () => undefined },
      log: { decision: () => undefined, warn: () => undefined },
    };
  }

  /** One sleeper after the other: the clock is one. */
  private pass(untilMs: number): Promise<void> {
    this.moving = this.moving.then(async () => {
      while (this.nowMs < untilMs) {
        const boundary = (Math.floor(this.nowMs / SLOT_MS) + 1) * SLOT_MS;
        this.nowMs = Math.min(boundary, untilMs);
        if (this.nowMs === boundary) await this.tick();
      }
    });
    return this.moving;
  }

  private async tick(): Promise<void> {
    if (this.watching) await this.renew();
    for (const ahead of [-2, -1, 0, 1, 2, 5, 11]) {
      const able = [...this.agents.values()].filter((agent) => agent.wouldSign(this.slot + ahead)).map(({ node }) => node.id);
      if (able.length > 1) this.violations.push(`slot ${this.slot + ahead} may be signed by ${able.join(" and ")}`);
    }
    for (const agent of this.agents.values()) {
      if (!agent.validates || agent.reach === "gone" || this.nodeReach.get(agent.node.id) !== "up") continue;
      if (!agent.ask(this.slot)) continue;
      const parent = this.blocks.at(-1);
      if (this.blocks.some((block) => block.slot === this.slot)) this.violations.push(`slot ${this.slot} was signed twice`);
      const height = (parent?.height ?? 0) + 1;
      this.blocks.push({
        height,
        hash: hash(height),
        parentHash: parent?.hash ?? hash(0),
        timestampS: GENESIS_S + this.slot,
        signer: agent.node.signer ?? "",
        slot: this.slot,
      });
    }
  }

  /** What a watcher does for a healthy holder: nonce, conditional write, grant. */
  private async renew(): Promise<void> {
    const found = await this.registry.read("lease", ROLE);
    if (found.kind === "absent") return;
    const agent = this.agent(found.value.holder);
    if (agent.reach !== "up") return;
    const words = [...this.agents.values()].filter(({ reach }) => reach === "up").flatMap((one) => one.report().roles);
    if (words.some((word) => contradiction(found.value, word) !== null)) return;
    const report = agent.report();
    const renewal = renewLease(found.value, { report, medianWallMs: this.nowMs, slots: this.fleet.chain.slots, registry: this.registry.name });
    if (renewal.kind === "refused") return;
    const written = await this.registry.write("lease", ROLE, renewal.next, found.revision);
    if (written.kind === "written") await agent.obey({ kind: "grant", nonce: report.nonce, grant: renewal.grant } as never, async () => undefined);
  }

  private blocksAt(node: FleetNode, limit: number): Block[] {
    return this.nodeReach.get(node.id) === "up" ? this.blocks.slice(-limit).reverse() : [];
  }

  private async probe(node: FleetNode, timeoutMs: number): Promise<Probe> {
    const reach = this.nodeReach.get(node.id);
    if (reach === "gone") return { kind: "refused", latencyMs: 1, reason: "connection refused" };
    if (reach === "silent") {
      await this.clock.sleep(timeoutMs);
      return { kind: "silent", latencyMs: timeoutMs, reason: "nothing came" };
    }
    const head = this.blocks.at(-1);
    if (!head) throw new RangeError("a chain has a genesis");
    const finalized = { height: Math.max(0, head.height - 4), hash: hash(Math.max(0, head.height - 4)) };
    return { kind: "answered", latencyMs: 1, chainId: 1, genesisHash: hash(0), head, finalized, peers: 3, syncing: false, reference: null };
  }

  /** What a quorum of watchers would publish about a node now. */
  condemned(id: string) {
    const node = NodeId.parse(id);
    const evidence = {
      node,
      verdict: "dead" as const,
      votes: ["us-east-1", "us-west-2", "n9"].map((voter) => ({ voter, kind: "observer" as const, down: true, reason: "refused" })),
      needed: 3,
      eligible: 5,
      reason: `${id} is dead for 3 of 5`,
      suspectedAtMs: this.nowMs - 1_000,
      condemnedAtMs: this.nowMs,
    };
    const head = { schema: 1, id: `event-${this.nowMs}`, fleet: this.fleet.fleet, atMs: this.nowMs, region: "us-east-1" };
    return { fleet: this.fleet.fleet, role: ROLE, cause: "failover.node-condemned", event: { ...head, node, role: ROLE, evidence } };
  }
  unheld(kind: "establish" | "abandoned" | "lapsed", lapsed?: { epoch: number; renewal: number }) {
    const head = { schema: 1, id: `event-${this.nowMs}`, fleet: this.fleet.fleet, atMs: this.nowMs, region: "us-east-1" };
    return { fleet: this.fleet.fleet, role: ROLE, cause: "failover.role-unheld", event: { ...head, role: ROLE, kind, reason: kind, lapsed } };
  }
}

/** The process that was using it is gone. */
export class Crash extends Error {}

/** A registry whose process dies at its n-th write: before the write, or after it and before anybody hears of it. */
export function crashingRegistry(registry: Registry, dies: { atWrite: number; when: "before" | "after" }): Registry {
  let writes = 0;
  return {
    ...registry,
    write: async (...asked) => {
      writes += 1;
      if (writes > dies.atWrite || (writes === dies.atWrite && dies.when === "before")) throw new Crash(`write ${writes}`);
      const outcome = await registry.write(...asked);
      if (writes === dies.atWrite) throw new Crash(`write ${writes}`);
      return outcome;
    },
  };
}
