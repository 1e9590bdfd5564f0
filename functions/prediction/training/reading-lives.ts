/**
 * What there is to train on: the newest weeks of each node's history in this Region, and when the node was seen to have failed, from the
 * predictions that were scored. Bounded in rows; of a large fleet evenly chosen nodes are read, whether they failed or not.
 */

import { type DamagedObject, readHistory } from "../../../adapters/history/read-history.ts";
import type { NodeId } from "../../../core/kernel/ids.ts";
import type { HistoryStore, World } from "../../../core/kernel/ports.ts";
import { pad } from "../../../core/kernel/records.ts";
import type { History } from "../../../core/prediction/predictive-model/history.ts";
import { type ModelCadence, piecesOf } from "../../../core/prediction/predictive-model/node-history.ts";

const DAY_MS = 86_400_000;
/** Four weeks to train on and four to judge. */
export const DAYS_MAX = 56;
/** Of all nodes together: 60 MB of signals, and three times that while it trains. */
const ROWS_MAX = 400_000;
const NODES_MAX = 64;
const PAGE = 1_000;
const PAGES_MAX = 200;
/** A fault is written down when its predictions are scored. */
const HORIZONS_SETTLED = 2;

export type Lives = { readonly pieces: readonly History[]; readonly nodes: number; readonly damaged: readonly DamagedObject[] };

export function cadenceOf({ fleet }: Pick<World, "fleet">): ModelCadence {
  const { watch, prediction } = fleet.policies;
  return { stepMs: watch.vitalsSeconds * 1_000, horizonMs: prediction.horizonSeconds * 1_000 };
}

export async function readLives(world: World, store: HistoryStore): Promise<Lives> {
  const { fleet, clock, region } = world;
  const { stepMs, horizonMs } = cadenceOf(world);
  const stride = Math.ceil(fleet.nodes.length / NODES_MAX);
  const nodes = fleet.nodes.filter((_, at) => at % stride === 0);
  const untilMs = clock.wallMs() - HORIZONS_SETTLED * horizonMs;
  const fromMs = Math.max(0, untilMs - Math.min(DAYS_MAX * DAY_MS, Math.floor(ROWS_MAX / nodes.length) * stepMs));
  const failures = await failuresSince(world, fromMs - horizonMs);
  const pieces: History[] = [];
  const damaged: DamagedObject[] = [];
  for (const { id: node } of nodes) {
    const read = await readHistory(store, { node, observer: region, fromMs, untilMs });
    damaged.push(...read.damaged);
    if (read.nextMs !== null) world.log.warn("of a node's history only the first part is trained on", { node, untilMs: read.nextMs });
    const record = { node, history: read.history, failedAtMs: failures.get(node) ?? [], knownFromMs: fromMs, knownUntilMs: read.nextMs ?? untilMs };
    pieces.push(...piecesOf(record, { stepMs }));
  }
  for (const { key, reason } of damaged) world.log.warn("an object of history is damaged: it is a gap", { key, reason });
  return { pieces, nodes: nodes.length, damaged };
}

/** Faults that nobody had foretold are misses, and those have their time as well. */
async function failuresSince({ registry }: World, fromMs: number): Promise<Map<NodeId, number[]>> {
  const failures = new Map<NodeId, number[]>();
  let after = pad(Math.max(0, fromMs));
  for (let page = 0; page < PAGES_MAX; page += 1) {
    const found = await registry.list("prediction", { after, limit: PAGE });
    for (const { value } of found) if (value.failedAtMs !== null) failures.set(value.node, [...(failures.get(value.node) ?? []), value.failedAtMs]);
    const last = found.at(-1);
    if (last === undefined || found.length < PAGE) break;
    after = last.key;
  }
  return failures;
}
