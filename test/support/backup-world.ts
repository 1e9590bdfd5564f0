/**
 * The functions' world for backups, in memory: a clock that sleeping moves and on which deeds can be set, agents whose jobs end as a test
 * says, a vault in two Regions, and Step Functions' rule that a name is started once.
 */
import { memoryBus } from "../../adapters/bus-memory.ts";
import { systemEntropy } from "../../adapters/entropy-system.ts";
import { memoryRegistry } from "../../adapters/registry-memory.ts";
import type { BackupSource } from "../../core/kernel/backup-source.ts";
import { Fleet } from "../../core/kernel/fleet.ts";
import { RoleName } from "../../core/kernel/ids.ts";
import type { Clock, Nodes, World } from "../../core/kernel/ports.ts";
import { type JobId, JobResult } from "../../core/kernel/vault-job.ts";
import { startBackups } from "../../functions/backup/working/starting.ts";
import { BackupStep } from "../../functions/backup/working/step.ts";
import { FakeAgent, fakeAgents } from "./fake-agents.ts";
import { fleetOf } from "./fake-network-fleet.ts";
import { memoryFleetVault } from "./fleet-vault.ts";
import { trust } from "./vault.ts";

export const HOME = "us-east-1";
export const AWAY = "us-west-2";
export const SOURCE = "n1.directory";
const START_MS = 1_800_000_000_000;

export type PassingClock = Clock & {
  /** Done when so much time has gone by from now on, before whoever sleeps past it wakes. */
  after(ms: number, deed: () => Promise<void> | void): void;
};

export function passingClock(): PassingClock {
  let elapsedMs = 0;
  let deeds: { readonly atMs: number; readonly deed: () => Promise<void> | void }[] = [];
  return {
    wallMs: () => START_MS + elapsedMs,
    monotonicMs: () => 5_000 + elapsedMs,
    async sleep(ms) {
      elapsedMs += ms;
      const due = deeds.filter(({ atMs }) => atMs <= elapsedMs);
      deeds = deeds.filter(({ atMs }) => atMs > elapsedMs);
      for (const { deed } of due) await deed();
    },
    after(ms, deed) {
      deeds.push({ atMs: elapsedMs + ms, deed });
    },
  };
}

type Options = {
  readonly backups?: Record<string, unknown>;
  readonly rpc?: (node: string) => string;
  readonly region?: string;
  readonly probe?: Nodes["probe"];
};

export function backupFleet({ backups = {}, rpc }: Pick<Options, "backups" | "rpc"> = {}): Fleet {
  const fleet = fleetOf();
  const [agentKey] = trust();
  return Fleet.parse({
    ...fleet,
    nodes: fleet.nodes.map((node) => ({ ...node, agentKey, rpc: rpc?.(node.id) ?? node.rpc })),
    vault: { home: HOME, replicas: [AWAY], backups: { directories: ["n1", "n2"], drill: { node: "n3" }, ...backups } },
  });
}

export type BackupWorld = ReturnType<typeof backupWorld>;

export function backupWorld({ region = HOME, probe, ...ofFleet }: Options = {}) {
  const clock = passingClock();
  const fleet = backupFleet(ofFleet);
  const vault = memoryFleetVault([HOME, AWAY], clock);
  const registry = memoryRegistry({ fleet: fleet.fleet, clock });
  const bus = memoryBus({ fleet: fleet.fleet, clock });
  const agents = new Map(fleet.nodes.map((node) => [node.id as string, new FakeAgent(node, RoleName.parse("primary"), clock)]));
  const executions = new Map<string, Record<string, unknown>>();
  const counts: { name: string; value: number; node?: string | undefined }[] = [];
  const world: World = {
    fleet,
    region,
    module: "backup",
    registry,
    nodes: { probe: probe ?? (async () => ({ kind: "refused", latencyMs: 1, reason: "nothing listens" })), recentBlocks: async () => [] },
    agents: fakeAgents(agents, clock, async () => {}),
    bus,
    vault: async () => vault,
    capacity: null,
    history: null,
    models: null,
    namedMetrics: null,
    workflows: {
      decide: async () => "gone",
      start: async (name, input) => {
        executions.set(name, executions.get(name) ?? input);
        return { execution: name };
      },
    },
    clock,
    entropy: systemEntropy(),
    metrics: { count: (name, value, dimensions) => void counts.push({ name, value, node: dimensions?.node }), flush: () => undefined },
    log: { decision: () => undefined, warn: () => undefined },
  };
  return { world, clock, fleet, vault, registry, bus, executions, counts, agent: (id: string) => must(agents.get(id)) };
}

export const must = <T>(one: T | null | undefined): T => {
  if (one === null || one === undefined) throw new RangeError("a test expects it to be there");
  return one;
};

export const messageOf = (number: number, body: Record<string, unknown> = {}) => ({
  messageId: `00000000-0000-0000-0000-${String(number).padStart(12, "0")}`,
  body: JSON.stringify({ fleet: "testing", ...body }),
});

export async function cellOf({ registry }: Pick<BackupWorld, "registry">, source = SOURCE): Promise<BackupSource> {
  const found = await registry.read("backupSource", source);
  if (found.kind === "absent") throw new RangeError(`nothing is kept of ${source}`);
  return found.value;
}

export async function changeCell({ registry }: Pick<BackupWorld, "registry">, change: (cell: BackupSource) => Partial<BackupSource>): Promise<void> {
  const cell = await cellOf({ registry });
  await registry.write("backupSource", cell.source, { ...cell, ...change(cell) }, "any");
}

/** A run of n1's directory, as its execution begins. */
export async function startedRun({ world }: BackupWorld, number = 1): Promise<BackupStep> {
  const { started } = await startBackups(world, { Records: [messageOf(number, { source: SOURCE, requestedBy: "a person" })] });
  return BackupStep.parse({ fleet: "testing", source: SOURCE, run: must(started[0]).run as JobId });
}

export const lasting = ({ clock }: BackupWorld, ms: number) => {
  const endsAtMs = clock.monotonicMs() + ms;
  return { requestId: "request", remainingMs: () => endsAtMs - clock.monotonicMs() };
};

export const backedUp = (sequence = 1, facts: Record<string, unknown> = {}): JobResult =>
  JobResult.parse({
    kind: "backup",
    source: SOURCE,
    sequence,
    writtenAtMs: START_MS,
    height: 7,
    blockHash: null,
    sourceBytes: 10,
    readBytes: 10,
    storedBytes: 10,
    files: 1,
    stoodStillMs: 0,
    skipped: [],
    skippedCount: 0,
    faults: [],
    ...facts,
  });
