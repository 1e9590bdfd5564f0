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

/** Two vitals may be late or lost. */
const VITALS_MISSED_MAX = 3;
const VITALS_MS_MIN = 15_000;
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
  const freshMs = Math.max(VITALS_MS_MIN, VITALS_MISSED_MAX * fleet.policies.watch.vitalsSeconds * 1_000);
  const word = oracle.ask(node, vitals);
  const estimate = estimateFailure({ window: vitals, horizonMs, nowMs, freshMs, model: word, thresholds });
  const reached = levelOf(estimate.probability, foresight.levels);
  /** What is out of its band is no reason to move anything, whatever the levels are. */
  const level = estimate.by === "thresholds" && isAtLeast(reached, "drain") ? "warn" : reached;
  const failure = judgeFailure(
    verdicts.filter((verdict) => verdict.node === node),
    nowMs,
  );
  /** Of whom nothing is known nobody says that it looks well. */
  const isWell = estimate.by !== "nothing" && looksWell(estimate.probability, foresight.levels);
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
  /** What looked well and was, is no news, and of each node there is one such entry an hour. */
  const told = scored.filter(({ level: said, outcome }) => said !== "calm" || outcome?.kind === "miss");
  /** Written before the book lets go of them, so that a look that ends here is done again and nothing is lost. */
  for (const each of told) await registry.write("prediction", `${pad(each.madeAtMs)}-${each.id}`, each, "any");
  for (const each of told) await tellOutcome(world, each);
  if (hasChanged(current, foreseen, made)) await registry.write("foreseen", node, foreseen, "any");
  if (isEndangered(world, foreseen, preemption)) await tellDanger(world, foreseen);
  return told.length;
}

/** What people read is renewed this often at least. */
const SAID_MS = 600_000;
const CHANCE_MOVED = 0.05;

/** The book of a node that looks well, and did, is not written each time that it is looked at: it says nothing new. */
function hasChanged(current: Foreseen | null, next: Foreseen, made: Prediction | null): boolean {
  if (current === null || made !== null || current.open.length !== next.open.length) return true;
  const [before, now] = [current.latest, next.latest];
  if (next.open.some(({ level }) => level !== "calm") || next.calmSinceMs !== current.calmSinceMs) return true;
  return (
    before.by !== now.by ||
    before.model !== now.model ||
    Math.abs(before.probability - now.probability) >= CHANCE_MOVED ||
    now.atMs - before.atMs >= SAID_MS
  );
}

async function tellOutcome({ bus }: World, { id, node, outcome }: Prediction): Promise<void> {
  if (outcome === null) return;
  await bus.publish("prediction.outcome-scored", { node, prediction: id, outcome: outcome.kind, reason: outcome.reason });
}

/** A preemption that has ended is not begun again for the predictions that it knew; one that was abandoned goes on. */
function isEndangered({ fleet }: World, { latest, open }: Foreseen, preemption: Preemption | null): boolean {
  if (fleet.policies.prediction.mode === "shadow" || !isAtLeast(latest.level, "warn")) return false;
  if (preemption === null) return true;
  if (preemption.endedAtMs === null) return preemption.ownerDeadlineMs < latest.atMs;
  const { endedAtMs } = preemption;
  return open.some(({ level, madeAtMs }) => level !== "calm" && madeAtMs > endedAtMs);
}

async function tellDanger({ bus }: World, { node, latest, open }: Foreseen): Promise<void> {
  const first = open.find(({ level }) => level !== "calm");
  if (first === undefined) return;
  const { probability, level, reason } = latest;
  const { id: prediction, role, horizonMs } = first;
  await bus.publish("prediction.node-endangered", { node, role, prediction, probability, level, horizonMs, reason });
}
