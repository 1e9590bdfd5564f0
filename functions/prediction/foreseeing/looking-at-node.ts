/** What is foretold of one node now: its book is turned, what is over is told, and a fault that is foretold starts a preemption. */

import type { NodeId, RoleName } from "../../../core/kernel/ids.ts";
import type { Verdict } from "../../../core/kernel/node.ts";
import type { World } from "../../../core/kernel/ports.ts";
import type { Foreseen, Foresight, Prediction, Preemption } from "../../../core/kernel/prediction.ts";
import { pad } from "../../../core/kernel/records.ts";
import { turnPage } from "../../../core/prediction/automated-failover-orchestration/book.ts";
import { judgeFailure } from "../../../core/prediction/automated-failover-orchestration/failure.ts";
import { isAtLeast, levelOf, looksWell } from "../../../core/prediction/automated-failover-orchestration/levels.ts";
import { estimateFailure } from "../../../core/prediction/predictive-model/estimate.ts";
import { watchSignals } from "./alerting.ts";
import type { Oracle } from "./oracle.ts";
import { readWindow } from "./windows.ts";

/** Of a prediction's record. */
const REASON_MAX = 2_000;

export type Seen = {
  readonly foresight: Foresight;
  readonly verdicts: readonly Verdict[];
  readonly holds: ReadonlyMap<NodeId, RoleName>;
  readonly oracle: Oracle;
};

/** How many of its predictions were scored with a warning or a miss. */
export async function lookAtNode(world: World, node: NodeId, { foresight, verdicts, holds, oracle }: Seen): Promise<number> {
  const { registry, clock, fleet } = world;
  const { horizonSeconds } = fleet.policies.prediction;
  const [{ vitals }, book, cell] = await Promise.all([readWindow(world, node), registry.read("foreseen", node), registry.read("preemption", node)]);
  const nowMs = clock.wallMs();
  const horizonMs = horizonSeconds * 1_000;
  const thresholds = await watchSignals(world, node, vitals);
  const word = oracle.ask(node, vitals);
  const estimate = estimateFailure({ window: vitals, horizonMs, model: word, thresholds });
  const level = levelOf(estimate.probability, foresight.levels);
  const failure = judgeFailure(
    verdicts.filter((verdict) => verdict.node === node),
    nowMs,
  );
  const isWell = looksWell(estimate.probability, foresight.levels);
  const preemption = cell.kind === "found" ? cell.value : null;
  const hasMoved = preemption?.step === "handed-over" && !holds.has(node);
  const current = book.kind === "found" ? book.value : null;
  const facts = {
    node,
    role: holds.get(node) ?? null,
    estimate: { ...estimate, reason: estimate.reason.slice(0, REASON_MAX), model: word.kind === "says" ? oracle.version : null },
    level,
    looksWell: isWell,
    failure,
    hasMoved,
    horizonMs,
    nowMs,
  };
  const { foreseen, scored, made } = turnPage(current, facts);
  if (hasChanged(current, foreseen, made)) await registry.write("foreseen", node, foreseen, "any");
  /** What looked well and was, is no news, and of each node there is one such entry an hour. */
  const told = scored.filter(({ level: said, outcome }) => said !== "calm" || outcome?.kind === "miss");
  for (const each of told) await tellOutcome(world, each);
  if (isEndangered(world, foreseen, preemption)) await tellDanger(world, foreseen);
  return told.length;
}

/** A calm node's book is not written each time that it is looked at: it says nothing new, unless a model is asked of it from now on, or no more. */
function hasChanged(current: Foreseen | null, next: Foreseen, made: Prediction | null): boolean {
  if (current === null || made !== null || current.open.length !== next.open.length) return true;
  if (current.latest.model !== next.latest.model) return true;
  return next.latest.level !== "calm" || current.latest.level !== "calm" || next.calmSinceMs !== current.calmSinceMs;
}

/** Its key is its own, so that what is told again after a crash is written over itself. */
async function tellOutcome({ registry, bus }: World, prediction: Prediction): Promise<void> {
  const { id, node, madeAtMs, outcome } = prediction;
  if (outcome === null) return;
  await registry.write("prediction", `${pad(madeAtMs)}-${id}`, prediction, "any");
  await bus.publish("prediction.outcome-scored", { node, prediction: id, outcome: outcome.kind, reason: outcome.reason });
}

/** Once an episode: a preemption that has ended is not begun again for the predictions that it knew; one that was abandoned is. */
function isEndangered({ fleet }: World, { latest, open }: Foreseen, preemption: Preemption | null): boolean {
  if (fleet.policies.prediction.mode === "shadow" || !isAtLeast(latest.level, "warn")) return false;
  if (preemption === null) return true;
  if (preemption.endedAtMs === null) return preemption.ownerDeadlineMs < latest.atMs;
  return !open.some(({ id }) => id === preemption.prediction);
}

async function tellDanger({ bus }: World, { node, latest, open }: Foreseen): Promise<void> {
  const first = open.find(({ level }) => level !== "calm");
  if (first === undefined) return;
  const { probability, level, reason } = latest;
  const { id: prediction, role, horizonMs } = first;
  await bus.publish("prediction.node-endangered", { node, role, prediction, probability, level, horizonMs, reason });
}
