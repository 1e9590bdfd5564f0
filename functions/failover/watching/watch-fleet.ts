/** All shards of one run, side by side; each has its own cell and takes over from its own predecessor. */
import { FleetMismatch } from "../../../core/kernel/errors.ts";
import type { World } from "../../../core/kernel/ports.ts";
import { shardsOf } from "./shard.ts";
import { type Stop, type Watched, watchShard } from "./watch.ts";

export async function watchFleet(world: World, owner: string, asked: Stop & { readonly shard?: string | undefined }): Promise<{ shards: Watched[] }> {
  const all = shardsOf(world.fleet);
  const own = asked.shard === undefined ? all : all.filter(({ name }) => name === asked.shard);
  if (own.length === 0) throw new FleetMismatch({ what: "shard", found: asked.shard ?? "", allowed: all.map(({ name }) => name) });
  return { shards: await Promise.all(own.map((plan) => watchShard(world, plan, owner, asked))) };
}
