/**
 * A group of units on a clock that the test turns: vitals say the demand as a watcher would write it, units are started and ended in memory, and
 * the scale workflow is walked as its definition orders it, once a minute.
 */
import { memoryCapacity } from "../../adapters/capacity-memory.ts";
import type { CapacityLook, Unit } from "../../core/kernel/capacity.ts";
import { RunStale } from "../../core/kernel/errors.ts";
import type { GroupName } from "../../core/kernel/ids.ts";
import type { Probe } from "../../core/kernel/node.ts";
import type { World } from "../../core/kernel/ports.ts";
import { pad } from "../../core/kernel/records.ts";
import type { ScalingCell, ScalingDecision, ScalingTrigger } from "../../core/kernel/scaling.ts";
import { closeScaling } from "../../functions/scaling/resizing/closing.ts";
import { resizeGroup } from "../../functions/scaling/resizing/resizing.ts";
import { settleUnits } from "../../functions/scaling/resizing/settling.ts";
import type { ScaleRound } from "../../functions/scaling/round.ts";
import { weighCapacity } from "../../functions/scaling/weighing/weighing.ts";
import { FakeFleet } from "./fake-fleet.ts";
import { CHAIN_ID, GENESIS_HASH, HOME, hashOf, signerOf } from "./fake-fleet-file.ts";
import { manualClock } from "./manual-clock.ts";

export const GROUP = "pool" as GroupName;
export const MINUTE_MS = 60_000;
const KEY = "M6ZPtlsXNZzV64bQy0ELaRr7R2G4bWcshO5cNr5QdLs";
const HEIGHT = 100;

/** What a group is unless a test says otherwise: four declared members carry 100 each. */
const PLAIN = {
  name: GROUP,
  serves: { kind: "role", role: "primary" },
  actuator: { kind: "webhook", url: "http://127.0.0.1:1/v1/capacity", key: KEY },
  mode: "auto",
  min: 0,
  max: 6,
  unitCapacity: 100,
  demand: { kind: "signal", signal: "requestsPerSecond" },
  startSeconds: 120,
  cooldownSeconds: 300,
  joins: { idPrefix: "u-", regions: [HOME], zones: ["zone-n1", "zone-n3"], max: 8 },
};

export class ScalingStory {
  readonly network: FakeFleet;
  readonly world: World;
  readonly capacity: ReturnType<typeof memoryCapacity>;
  /** Units whose node has caught up. */
  readonly caughtUp = new Set<string>();
  /** How many minutes a unit's node takes to catch up; null: it never does. */
  startMinutes: number | null = 2;
  /** How many carried demand, minute by minute: the members and the units that serve. */
  readonly ready: number[] = [];
  private serial = 0;

  constructor(group: Record<string, unknown> = {}, capacity: { min?: number; desired?: number } = {}) {
    const clock = manualClock();
    const given = { ...PLAIN, ...group };
    this.network = new FakeFleet(clock, { scaling: { groups: [given] } });
    this.capacity = memoryCapacity({ name: "memory", min: given.min, max: given.max, idPrefix: "u-", zones: given.joins.zones, clock, ...capacity });
    this.world = this.worldIn(HOME);
  }

  worldIn(region: string): World {
    const world = this.network.world(region);
    const look = async (): Promise<CapacityLook> => {
      const seen = await this.capacity.look();
      return seen.kind === "seen" ? { ...seen, units: seen.units.map((unit: Unit) => ({ ...unit, rpc: `http://127.0.0.1:7000/${unit.id}` })) } : seen;
    };
    return {
      ...world,
      module: "scaling",
      capacity: () => ({ ...this.capacity, look }),
      nodes: { ...world.nodes, probe: (node) => this.probe(String(node.rpc)) },
    };
  }

  /** Every declared node is at the same head; a unit is at genesis until it has caught up. */
  private async probe(rpc: string): Promise<Probe> {
    const unit = rpc.split("7000/")[1];
    const height = unit === undefined || this.caughtUp.has(unit) ? HEIGHT : 0;
    const block = { height, hash: hashOf("b", height), parentHash: GENESIS_HASH, timestampS: 1, signer: signerOf("n1") };
    const final = { height: HEIGHT, hash: hashOf("b", HEIGHT) };
    return {
      kind: "answered",
      latencyMs: 1,
      chainId: CHAIN_ID,
      genesisHash: GENESIS_HASH,
      head: block,
      finalized: final,
      peers: 3,
      syncing: null,
      reference: height === HEIGHT ? final : null,
    };
  }

  /** A minute goes by with so much demand, in requests a second over all members; null: their agents said nothing. */
  async minute(demand: number | null): Promise<void> {
    await this.network.clock.advance(MINUTE_MS);
    await this.sayDemand(demand);
    await this.catchUp();
    await this.start("schedule");
    this.ready.push(await this.readyNow());
  }

  async readyNow(): Promise<number> {
    const seen = await this.capacity.look();
    return 4 + (seen.kind === "seen" ? seen.units.filter(({ state }) => state === "ready").length : 0);
  }

  private async catchUp(): Promise<void> {
    const seen = await this.capacity.look();
    if (seen.kind !== "seen" || this.startMinutes === null) return;
    for (const { id, startedAtMs } of seen.units)
      if (this.world.clock.wallMs() - (startedAtMs ?? 0) >= this.startMinutes * MINUTE_MS) this.caughtUp.add(id);
  }

  async sayDemand(demand: number | null): Promise<void> {
    const atMs = this.world.clock.wallMs();
    const { nodes } = this.network.fleet;
    for (const { id } of nodes) {
      const requestsPerSecond = demand === null ? null : demand / nodes.length;
      const node = { memoryBytes: null, memoryBytesMax: null, openFiles: null, openFilesMax: null, requestsPerSecond, pendingTransactions: null };
      const host = { cpuShare: null, memoryShare: null, diskFreeBytes: null, diskFreeShare: null, openFiles: null, clockOffsetMs: null, node };
      const seen = { probes: 60, answered: 60, latencyMsMedian: 2, latencyMsMax: 4, head: 1, lagBlocksMax: 0, peers: 3, blockIntervalMs: 1_000 };
      await this.world.registry.write("vitals", `${id}/${HOME}/${pad(atMs)}`, { node: id, observer: HOME, atMs, ...seen, host } as never, "any");
    }
  }

  /** From a start to the end of the execution, as statemachines/scale.asl.json has it; `stale` where another had the group, `waits` while it may end. */
  async start(trigger: ScalingTrigger, world = this.world, waitedSeconds = 0): Promise<"ended" | "stale" | "waits"> {
    this.serial += 1;
    const input = { fleet: this.network.fleet.fleet, group: GROUP, execution: `arn:scale-${this.serial}`, trigger, waitedSeconds };
    try {
      let round: ScaleRound = await weighCapacity(world, input);
      if (round.waitedSeconds > waitedSeconds) return "waits";
      const isOrdered = round.order !== null;
      if (isOrdered) round = await resizeGroup(world, round);
      if (isOrdered || round.starting > 0) round = await settleUnits(world, round);
      await closeScaling(world, round);
      return "ended";
    } catch (error) {
      if (error instanceof RunStale) return "stale";
      throw error;
    }
  }

  async cell(): Promise<ScalingCell> {
    const found = await this.world.registry.read("scalingCell", GROUP);
    if (found.kind === "absent") throw new Error("nothing was decided yet");
    return found.value;
  }
  async journal(): Promise<ScalingDecision[]> {
    return (await this.world.registry.list("scalingDecision", { prefix: `${GROUP}/`, limit: 1_000 })).map(({ value }) => value);
  }
}
