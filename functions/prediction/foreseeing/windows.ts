/** The newest vitals of each node as this Region's watcher wrote them. A process that goes on reads only what is new to it. */

import type { NodeId } from "../../../core/kernel/ids.ts";
import type { World } from "../../../core/kernel/ports.ts";
import type { Vitals } from "../../../core/kernel/records.ts";
import { SAMPLES_MAX } from "../../../core/prediction/predictive-model/exhaustion.ts";

/** More than a look can miss: beyond that the window is read anew. */
const NEW_MAX = SAMPLES_MAX;

export type Window = { readonly vitals: readonly Vitals[]; readonly lastKey: string | null };

const known = new WeakMap<World, Map<string, Window>>();

/** Oldest first, at most `SAMPLES_MAX`. `fresh` are those that no look of this process has seen. */
export async function readWindow(world: World, node: NodeId): Promise<Window & { readonly fresh: readonly Vitals[] }> {
  const own = known.get(world) ?? new Map<string, Window>();
  known.set(world, own);
  const before = own.get(node) ?? { vitals: [], lastKey: null };
  const prefix = `${node}/${world.region}/`;
  const since = before.lastKey === null ? null : await world.registry.list("vitals", { prefix, after: before.lastKey, limit: NEW_MAX });
  const isWhole = since !== null && since.length < NEW_MAX;
  const found = isWhole ? since : (await world.registry.list("vitals", { prefix, limit: SAMPLES_MAX, newestFirst: true })).toReversed();
  const fresh = found.map(({ value }) => value);
  const window = { vitals: [...(isWhole ? before.vitals : []), ...fresh].slice(-SAMPLES_MAX), lastKey: found.at(-1)?.key ?? before.lastKey };
  own.set(node, window);
  return { ...window, fresh };
}
