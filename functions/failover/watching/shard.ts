/**
 * Which nodes a run watches, and the cell that says which run does. A newer run takes the cell at once, from whomever; the
 * older one goes on watching until the newer has beaten for the first time, so that watching overlaps and never gaps.
 */
import { pid } from "node:process";
import { updateRecord } from "../../../core/kernel/compare-and-set.ts";
import type { Fleet } from "../../../core/kernel/fleet.ts";
import type { NodeId, RegionName } from "../../../core/kernel/ids.ts";
import type { NetworkState } from "../../../core/kernel/node.ts";
import type { Registry, World } from "../../../core/kernel/ports.ts";
import type { RecordOf } from "../../../core/kernel/records.ts";
import type { ShardPlan } from "./watcher.ts";

type Shard = RecordOf<"shard">;
export type Tenure = { readonly key: string; readonly epoch: number; readonly owner: string; readonly previous: Shard | null };

/** The fleet's shards, in the file's order: `0`, `1`, … A role is watched wherever one of its members is. */
export function shardsOf({ nodes, roles, policies }: Fleet): ShardPlan[] {
  const { nodesPerShard } = policies.watch;
  return Array.from({ length: Math.ceil(nodes.length / nodesPerShard) }, (_, index) => {
    const own = nodes.slice(index * nodesPerShard, (index + 1) * nodesPerShard);
    const ids = new Set<string>(own.map(({ id }) => id));
    return { name: String(index), nodes: own, roles: roles.filter(({ members }) => members.some((member) => ids.has(member))) };
  });
}

export async function takeShard(world: World, plan: ShardPlan, owner: string): Promise<Tenure> {
  const key = `${world.region}/${plan.name}`;
  let previous: Shard | null = null;
  const taken = await updateRecord(world.registry, "shard", key, (current) => {
    previous = current;
    const tookAtMs = Math.trunc(world.clock.wallMs());
    const next: Shard = {
      observer: world.region as RegionName,
      shard: plan.name,
      owner,
      processId: pid,
      epoch: (current?.epoch ?? 0) + 1,
      nodes: plan.nodes.map(({ id }) => id as NodeId),
      tookAtMs,
      // Not beaten yet: the beat of the run before stands, and must look older than this taking.
      beatAtMs: Math.max(0, Math.min(current?.beatAtMs ?? 0, tookAtMs - 1)),
      network: current?.network ?? "unknown",
    };
    return { kind: "write" as const, next };
  });
  return { key, owner, epoch: taken.next.epoch, previous };
}

/** `superseded` once a newer run has taken the cell and beaten; until then `mine`, or `taken` by one that is still warming up. */
export async function beat(registry: Registry, tenure: Tenure, network: NetworkState, wallMs: number): Promise<"mine" | "taken" | "superseded"> {
  const found = await registry.read("shard", tenure.key);
  if (found.kind === "absent") return "mine";
  const cell = found.value;
  if (cell.epoch !== tenure.epoch || cell.owner !== tenure.owner) return cell.beatAtMs >= cell.tookAtMs ? "superseded" : "taken";
  const written = await registry.write(
    "shard",
    tenure.key,
    { ...cell, beatAtMs: Math.max(cell.tookAtMs, Math.trunc(wallMs)), network },
    found.revision,
  );
  return written.kind === "written" ? "mine" : "taken";
}
