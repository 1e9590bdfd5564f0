/**
 * A network in memory that follows a script: nodes that answer, refuse, hang or lie; agents that run the real grant machine;
 * validators that ask their agent once a slot and sign when told yes. Everything moves by a manual clock. Each Region gets a
 * World of its own over one registry.
 */
import { memoryBus, type PublishedEvent } from "../../adapters/bus-memory.ts";
import { systemEntropy } from "../../adapters/entropy-system.ts";
import { type MemoryCells, memoryRegistry } from "../../adapters/registry-memory.ts";
import { maySign } from "../../core/failover/stateful-failover/grant.ts";
import type { Fleet, FleetNode } from "../../core/kernel/fleet.ts";
import type { NodeId } from "../../core/kernel/ids.ts";
import type { Lease } from "../../core/kernel/lease.ts";
import type { Block } from "../../core/kernel/node.ts";
import type { AgentAnswer, Agents, Nodes, World } from "../../core/kernel/ports.ts";
import { slotAt } from "../../core/kernel/slots.ts";
import { type AgentOrder, obey } from "./fake-agent.ts";
import { type FleetOptions, fleetOf, GENESIS_HASH, ROLE, SLOT_MS } from "./fake-fleet-file.ts";
import { answerOf, type FakeNode, LATENCY_MS, newFakeNode, nextBlock } from "./fake-node.ts";
import type { ManualClock } from "./manual-clock.ts";

const NOTHING_ELSE = { vault: null, capacity: null, history: null, models: null, namedMetrics: null };

export class FakeFleet {
  readonly fleet: Fleet;
  readonly nodes: Map<string, FakeNode>;
  readonly cells: MemoryCells = new Map();
  readonly warnings: { message: string; facts: Record<string, unknown> }[] = [];
  readonly metrics: { name: string; value: number }[] = [];
  /** Which Region saw which node when: to look for gaps. */
  readonly looks: { region: string; node: string; atMs: number }[] = [];
  readonly signatures: { node: string; slot: number }[] = [];
  private readonly buses = new Map<string, ReturnType<typeof memoryBus>>();
  private readonly blind = new Set<string>();
  private readonly registryDown = new Set<string>();
  private serial = 0;
  readonly clock: ManualClock;

  constructor(clock: ManualClock, options: FleetOptions = {}) {
    this.clock = clock;
    this.fleet = fleetOf({ genesisTime: Math.floor(clock.wallMs() / 1_000) - 100, ...options });
    const nobody = `0x${"0".repeat(40)}`;
    const genesis: Block = { height: 0, hash: GENESIS_HASH, parentHash: GENESIS_HASH, timestampS: this.slots().genesisTime, signer: nobody };
    this.nodes = new Map(this.fleet.nodes.map(({ id }) => [id as string, newFakeNode(id, genesis, clock.monotonicMs())]));
  }

  node(id: string): FakeNode {
    const found = this.nodes.get(id);
    if (!found) throw new Error(`the fake fleet has no node ${id}`);
    return found;
  }

  /** The process is gone (refusing), the host is gone (hanging, its agent and validator too), or back. */
  killNode(id: string): void {
    Object.assign(this.node(id), { manner: "refusing", downSinceMs: this.clock.monotonicMs() });
  }
  killHost(id: string): void {
    Object.assign(this.node(id), { manner: "hanging", agent: "hanging", validator: "paused", downSinceMs: this.clock.monotonicMs() });
  }
  blindRegion(region: string, node?: string): void {
    for (const id of node === undefined ? this.nodes.keys() : [node]) this.blind.add(`${region}>${id}`);
  }
  cutRegistry = (region: string) => this.registryDown.add(region);

  /** The role's lease as a workflow would have left it. */
  async giveLease(holder: string, epoch = 1): Promise<void> {
    const lease: Lease = {
      role: ROLE,
      holder: holder as NodeId,
      epoch,
      renewal: epoch,
      leaseMs: 10_000,
      fromSlot: slotAt(this.slots(), this.clock.wallMs()),
      throughSlot: slotAt(this.slots(), this.clock.wallMs()),
      state: "held",
      boot: null,
      revocation: null,
      registry: "memory",
      takenAtMs: this.clock.wallMs(),
    };
    await this.registry().write("lease", ROLE, lease, "any");
  }

  slots() {
    const { slots } = this.fleet.chain;
    if (slots.kind !== "time") throw new Error("the fake fleet counts time slots");
    return slots;
  }
  registry() {
    return memoryRegistry({ fleet: this.fleet.fleet, clock: this.clock, cells: this.cells });
  }

  /** Validators and gossip, until aborted. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.clock.sleep(SLOT_MS - (this.clock.wallMs() % SLOT_MS), signal);
      if (!signal.aborted) this.slot();
    }
  }

  private slot(): void {
    const slot = slotAt(this.slots(), this.clock.wallMs());
    const nowMs = this.clock.monotonicMs();
    for (const node of this.nodes.values()) {
      if (node.validator === "paused") continue;
      node.askedAtMs = nowMs;
      const asked = maySign(node.stored, node.memory, { slot, nowMs });
      if (asked.answer.kind === "no") continue;
      node.stored = asked.stored;
      // Asked and told yes, but there is no node to sign on.
      if (node.manner !== "up") continue;
      this.signatures.push({ node: node.id, slot });
      this.append(node, slot);
    }
  }

  /** Makes a block on a node and passes it on to whoever is on the same branch and can be reached. */
  private append(node: FakeNode, slot: number): void {
    node.chain = [...node.chain, nextBlock(node, this.slots().genesisTime + slot)];
    node.movedAtMs = this.clock.monotonicMs();
    for (const other of this.nodes.values()) {
      if (other === node || other.cutOff || node.cutOff || other.branch !== node.branch || other.manner !== "up") continue;
      other.chain = [...node.chain];
      other.movedAtMs = node.movedAtMs;
    }
  }

  bus(region: string) {
    const known = this.buses.get(region) ?? memoryBus({ fleet: this.fleet.fleet, region, clock: this.clock, entropy: systemEntropy() });
    this.buses.set(region, known);
    return known;
  }
  /** Everything published, by any Region. */
  published(name?: string): PublishedEvent[] {
    return [...this.buses.values()].flatMap(({ published }) => published).filter((event) => name === undefined || event.name === name);
  }

  world(region: string): World {
    const registry = this.registry();
    const reachable = <T extends object>(port: T): T =>
      new Proxy(port, {
        get: (target, property, receiver) => {
          const value: unknown = Reflect.get(target, property, receiver);
          if (typeof value !== "function") return value;
          return (...asked: unknown[]) =>
            this.registryDown.has(region)
              ? Promise.reject(new Error("the registry cannot be reached"))
              : (value as (...asked: unknown[]) => unknown).apply(target, asked);
        },
      });
    return {
      fleet: this.fleet,
      region,
      module: "failover",
      registry: reachable(registry),
      nodes: this.nodesPort(region),
      agents: this.agentsPort(region),
      bus: this.bus(region),
      ...NOTHING_ELSE,
      workflows: {
        decide: () => Promise.reject(new Error("watching decides no approvals")),
        start: () => Promise.reject(new Error("watching starts no workflows: rules do")),
      },
      clock: this.clock,
      entropy: systemEntropy(),
      metrics: { count: (name, value) => this.metrics.push({ name, value }), flush: () => undefined },
      log: { decision: () => undefined, warn: (message, facts = {}) => this.warnings.push({ message, facts }) },
    };
  }

  private nodesPort(region: string): Nodes {
    return {
      probe: async (asked, { referenceHeight, timeoutMs }) => {
        this.looks.push({ region, node: asked.id, atMs: this.clock.wallMs() });
        const node = this.node(asked.id);
        const hanging = node.manner === "hanging" || this.blind.has(`${region}>${asked.id}`);
        await this.clock.sleep(hanging ? timeoutMs : Math.min(timeoutMs, node.latencyMs));
        if (hanging || node.latencyMs >= timeoutMs) return { kind: "silent", latencyMs: timeoutMs, reason: `no answer within ${timeoutMs} ms` };
        return answerOf(node, referenceHeight);
      },
      recentBlocks: async (asked, { limit }) => this.node(asked.id).chain.toReversed().slice(0, limit),
    };
  }

  private agentsPort(region: string): Agents {
    const call = async (asked: FleetNode, order: AgentOrder, { timeoutMs }: { timeoutMs: number }): Promise<AgentAnswer> => {
      const node = this.node(asked.id);
      const startedMs = this.clock.monotonicMs();
      const hanging = node.agent === "hanging" || this.blind.has(`${region}>${asked.id}`);
      await this.clock.sleep(hanging ? timeoutMs : LATENCY_MS);
      if (hanging) return { kind: "unreachable", reason: `no answer within ${timeoutMs} ms` };
      this.serial += 1;
      const others = [...this.nodes.values()].filter((other) => other !== node);
      const nowMs = this.clock.monotonicMs();
      const around = { fleet: this.fleet.fleet, others, nowMs, wallMs: this.clock.wallMs(), serial: this.serial };
      return obey(node, order, around, nowMs - startedMs);
    };
    return { call: call as unknown as Agents["call"] };
  }
}
