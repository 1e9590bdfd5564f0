/** A fleet whose nodes leaked for weeks, written down as its archiver and its foresight would have: history by the day, predictions with their faults. */
import type { VaultStore } from "../../core/kernel/ports.ts";
import { type Prediction, predictionId } from "../../core/kernel/prediction.ts";
import { pad, type Vitals } from "../../core/kernel/records.ts";
import { type NodeRecord, WINDOW_ROWS } from "../../core/prediction/predictive-model/node-history.ts";
import { historyOf, rowAt } from "../../core/prediction/signal-history/history.ts";
import { encodeHistory } from "../../core/prediction/signal-history/history-object.ts";
import { historyKey, periodAt } from "../../core/prediction/signal-history/history-period.ts";
import { leakingLives } from "../../localstack/rehearsal/leaking-lives.ts";
import { OBSERVER, predictionWorld } from "./prediction-world.ts";

export const STEP_MS = 300_000;
const HORIZON_STEPS = 12;
const DAY_MS = 86_400_000;
const COPIED_MAX = 1_000;

export function modelWorld(nodes = 4) {
  const of = predictionWorld({ vitalsSeconds: STEP_MS / 1_000 });
  const { policies } = of.fleet;
  const fleet = {
    ...of.fleet,
    nodes: of.fleet.nodes.slice(0, nodes),
    policies: { ...policies, prediction: { ...policies.prediction, everySeconds: 60, horizonSeconds: (HORIZON_STEPS * STEP_MS) / 1_000 } },
  };
  const world = { ...of.world, fleet };
  return { ...of, fleet, world };
}
export type ModelWorld = ReturnType<typeof modelWorld>;

/** `days` of leaks up to now, the same for the same seed. */
export async function liveThrough(of: ModelWorld, { days, seed = 2 }: { days: number; seed?: number }): Promise<void> {
  const nodes = of.fleet.nodes.map(({ id }) => id as string);
  const rows = (days * DAY_MS) / STEP_MS;
  const asked = { nodes, stepMs: STEP_MS, horizonSteps: HORIZON_STEPS, rows, untilMs: of.clock.wallMs(), seed };
  for (const life of leakingLives(asked)) {
    await writeHistory(of.store, life);
    for (const atMs of life.failedAtMs) await of.registry.write("prediction", `${pad(atMs)}-${life.node}`, missAt(of, life.node, atMs), "any");
  }
}

/** Another fleet that lived through the same, and has the same model live. */
export async function copyOf(of: ModelWorld): Promise<ModelWorld> {
  const copy = modelWorld(of.fleet.nodes.length);
  for (const { key } of await of.store.list("", { limit: COPIED_MAX })) {
    const got = await of.store.get(key, { bytesMax: 1e8 });
    if (got.kind === "found") await copy.store.put(key, got.bytes);
  }
  for (const { key, value } of await of.registry.list("prediction", { limit: COPIED_MAX }))
    await copy.registry.write("prediction", key, value, "any");
  for (const { key, value } of await of.registry.list("liveModel", { limit: 1 })) await copy.registry.write("liveModel", key, value, "any");
  return copy;
}

async function writeHistory(store: VaultStore, { node, history }: NodeRecord): Promise<void> {
  const rows = Array.from(history.timesMs, (_, at) => rowAt(history, at));
  for (const [stamp, within] of Map.groupBy(rows, ({ atMs }) => periodAt("day", atMs).stamp)) {
    const { fromMs, untilMs } = periodAt("day", within[0]?.atMs ?? 0);
    const span = { node, observer: OBSERVER as string, fromMs, untilMs };
    await store.put(historyKey(span, stamp), encodeHistory(historyOf(span, within)));
  }
}

function missAt({ fleet }: ModelWorld, node: string, atMs: number): Prediction {
  return {
    id: predictionId(node, atMs - 1_000),
    node: fleet.nodes.find(({ id }) => id === node)?.id as Prediction["node"],
    role: null,
    madeAtMs: atMs - 1_000,
    horizonMs: HORIZON_STEPS * STEP_MS,
    probability: 0,
    level: "calm",
    by: "nothing",
    model: null,
    features: {},
    reason: "nothing was seen",
    movedAtMs: null,
    failedAtMs: atMs,
    outcome: { kind: "miss", atMs, leadMs: null, reason: "it failed" },
  };
}

/** A window of vitals up to now in which memory goes from `from` to `to`; in the last third where `late`. */
export async function writeMemory(
  of: ModelWorld,
  node: string,
  { from, to, late = true }: { from: number; to: number; late?: boolean },
): Promise<void> {
  const nowMs = of.clock.wallMs();
  const begins = late ? Math.floor((2 * WINDOW_ROWS) / 3) : 0;
  for (let at = 0; at < WINDOW_ROWS; at += 1) {
    const share = from + ((to - from) * Math.max(0, at - begins)) / (WINDOW_ROWS - 1 - begins) + 0.003 * Math.sin(at);
    await of.write(vitalsOf(of, node, nowMs - (WINDOW_ROWS - 1 - at) * STEP_MS, share));
  }
}

export function vitalsOf({ fleet }: Pick<ModelWorld, "fleet">, node: string, atMs: number, share: number): Vitals {
  const id = fleet.nodes.find((each) => each.id === node)?.id as Vitals["node"];
  const own = {
    memoryBytes: Math.round(share * 1e9),
    memoryBytesMax: 1e9,
    openFiles: null,
    openFilesMax: null,
    requestsPerSecond: null,
    pendingTransactions: null,
  };
  const host = { cpuShare: null, memoryShare: null, diskFreeBytes: null, diskFreeShare: null, openFiles: null, clockOffsetMs: null, node: own };
  return {
    node: id,
    observer: OBSERVER,
    atMs,
    probes: 60,
    answered: 60,
    latencyMsMedian: null,
    latencyMsMax: null,
    head: null,
    lagBlocksMax: null,
    peers: null,
    blockIntervalMs: null,
    host,
  };
}
