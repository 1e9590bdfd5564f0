/** What travels through a drill from state to state: small, and enough for any execution's step to be tried again. */
import * as z from "zod";
import { type Drill, SourceId } from "../../../core/kernel/backup-source.ts";
import { updateRecord } from "../../../core/kernel/compare-and-set.ts";
import { FleetMismatch, RunStale } from "../../../core/kernel/errors.ts";
import type { FleetNode } from "../../../core/kernel/fleet.ts";
import { FleetId, Hash, Height, NodeId, RegionName, WallMs } from "../../../core/kernel/ids.ts";
import type { World } from "../../../core/kernel/ports.ts";
import { JobId } from "../../../core/kernel/vault-job.ts";
import { Caught } from "../caught.ts";

/** How a drill is started: by the schedule, by `ha backup drill`, or in the console with a fleet and nothing else. */
export const DrillInput = z.object({
  fleet: FleetId,
  source: SourceId.optional(),
  /** A restore that somebody asked for, and no drill: onto this node's host, of this backup or the newest; what was restored stays there. */
  restoreOnly: z.boolean().default(false),
  node: NodeId.optional(),
  sequence: z.int().min(1).optional(),
  by: z.string().max(256).default("console"),
  /** The execution's, added by the state machine. */
  name: z.string().max(80),
});
export type DrillInput = z.infer<typeof DrillInput>;

const Head = z.object({ height: Height, timestampS: z.int().min(0) });

export const DrillStep = z.object({
  fleet: FleetId,
  drill: JobId,
  restoreOnly: z.boolean().default(false),
  /** Where it may be read from, in this order. */
  regions: z.array(RegionName).min(1).max(9),
  /** Of the drill's record. */
  key: z.string().max(128),
  node: NodeId,
  source: SourceId,
  sequence: z.int().min(1),
  region: RegionName,
  startedAtMs: WallMs,
  networkHead: Head,
  point: z.object({ chainId: z.int(), genesisHash: Hash, height: Height, blockHash: Hash }).nullable(),
  restore: z.object({ ms: z.number(), bytes: z.int(), folder: z.string() }).optional(),
  boot: z.object({ atMs: WallMs, ms: z.number() }).optional(),
  booted: Head.optional(),
  caughtUp: z.object({ atMs: WallMs, height: Height }).optional(),
  checks: z.array(z.object({ name: z.string(), held: z.boolean(), found: z.string() })).default([]),
  error: Caught.optional(),
  tearDownError: Caught.optional(),
  decision: z.string().optional(),
  reason: z.string().optional(),
});
export type DrillStep = z.infer<typeof DrillStep>;

/** Tells people how far it is. Throws `RunStale` where the drill has ended before. */
export async function sayDrill(world: World, step: Pick<DrillStep, "key" | "drill">, now: Partial<Drill>): Promise<void> {
  await updateRecord(world.registry, "drill", step.key, (current) => ({ kind: "write", next: { ...requireRunning(current, step), ...now } }));
}

/** A second call that ends it as the first did changes nothing, and lets its caller tell it again: the first may have died before the bus. */
export async function endDrill(world: World, step: Pick<DrillStep, "key" | "drill">, end: Partial<Drill> & Pick<Drill, "status">): Promise<void> {
  await updateRecord(world.registry, "drill", step.key, (current) => {
    if (current?.status === end.status) return { kind: "keep" };
    return { kind: "write", next: { ...requireRunning(current, step), ...end } };
  });
}

function requireRunning(current: Drill | null, { drill }: Pick<DrillStep, "drill">): Drill {
  if (current === null || current.status !== "running")
    throw new RunStale({ what: "the drill", run: drill, found: current?.status ?? "no record of it" });
  return current;
}

/** On whose host: a drill's is in the fleet file. */
export function drillNode(world: World, named?: string): FleetNode {
  const id = named ?? world.fleet.vault?.backups?.drill?.node;
  const node = world.fleet.nodes.find((one) => one.id === id);
  if (node === undefined)
    throw new FleetMismatch({ what: "the node to restore on", found: id ?? "nothing", allowed: world.fleet.nodes.map((one) => one.id) });
  return node;
}
