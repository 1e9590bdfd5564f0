/** Reads the live model and asks it of a node, after the gate: what may not speak is silent, with the reason in words. */

import { type OpenedModel, openModel } from "../../../adapters/history/read-model.ts";
import type { NodeId } from "../../../core/kernel/ids.ts";
import type { ModelPointer } from "../../../core/kernel/live-model.ts";
import type { World } from "../../../core/kernel/ports.ts";
import type { Vitals } from "../../../core/kernel/records.ts";
import type { ModelWord } from "../../../core/prediction/predictive-model/estimate.ts";
import { decideModel, type ModelFacts } from "../../../core/prediction/predictive-model/gate.ts";
import type { History } from "../../../core/prediction/predictive-model/history.ts";
import { historyNow, nodeModelSettings } from "../../../core/prediction/predictive-model/node-history.ts";
import { type PredictiveModel, predictNow } from "../../../core/prediction/predictive-model/predictive-model.ts";
import { type Oracle, silentOracle } from "./oracle.ts";

export type Asked = OpenedModel;

/** Whatever goes wrong while it is read, foresight goes on without it. */
export async function openLiveModel(world: World, live: ModelPointer): Promise<Asked> {
  try {
    if (world.models === null) return { kind: "absent", reason: "nobody said where models are" };
    return await openModel(await world.models(), live);
  } catch (error) {
    return { kind: "unavailable", reason: error instanceof Error ? error.message : String(error) };
  }
}

export function oracleOf(world: World, live: ModelPointer, asked: Asked): Oracle {
  if (asked.kind === "unavailable") return silentOracle(`model ${live.version} cannot be read: ${asked.reason}`);
  const file: ModelFacts["file"] = asked.kind === "read" ? { kind: "read" } : { kind: "damaged", reason: asked.reason };
  const facts: ModelFacts = {
    file,
    rows: live.rows,
    failures: live.failures,
    trainedAgoMs: world.clock.wallMs() - live.trainedAtMs,
    evaluation: live.evaluation,
    drift: driftOf(live),
    gapsShare: 0,
  };
  const decision = decideModel(facts);
  if (decision.kind === "fall-back" || asked.kind !== "read") return silentOracle(`model ${live.version}: ${decision.reason}`);
  const mismatch = mismatchOf(world, live, asked.record.model);
  if (mismatch !== null) return silentOracle(`model ${live.version}: ${mismatch}`);
  const reason = `model ${live.version} is asked: ${decision.reason}`;
  return { version: live.version, reason, ask: (node, window) => askModel(live, asked.record.model, { facts, node, window }) };
}

/** What the last training found of the newest week. */
function driftOf({ drift: { kind, reason } }: ModelPointer): ModelFacts["drift"] {
  return kind === "unknown" ? { kind, reason } : { kind, reason, features: [] };
}

/** The fleet file may have changed since it was trained. */
function mismatchOf({ fleet }: World, { stepMs, horizonMs }: ModelPointer, { settings }: PredictiveModel): string | null {
  const { watch, prediction } = fleet.policies;
  const now = { stepMs: watch.vitalsSeconds * 1_000, horizonMs: prediction.horizonSeconds * 1_000 };
  if (stepMs !== now.stepMs || horizonMs !== now.horizonMs)
    return `it looks ${horizonMs / 1_000} s ahead by steps of ${stepMs / 1_000} s, the fleet file asks for ${now.horizonMs / 1_000} s and ${now.stepMs / 1_000} s`;
  return settings.columns.join() === nodeModelSettings(now).columns.join() ? null : "it reads other signals than are measured now";
}

type Question = { readonly facts: ModelFacts; readonly node: NodeId; readonly window: readonly Vitals[] };

function askModel(live: ModelPointer, model: PredictiveModel, { facts, node, window }: Question): ModelWord {
  const now = historyNow(node, window, live);
  if (now.kind === "none") return { kind: "silent", reason: `model ${live.version}: ${now.reason}` };
  const said = predicted(model, now.history);
  if (said.kind === "silent") return { kind: "silent", reason: `model ${live.version} could not be asked: ${said.reason}` };
  const { probability, gapsShare, reason } = said;
  const decision = decideModel({ ...facts, gapsShare });
  if (decision.kind === "fall-back") return { kind: "silent", reason: `model ${live.version}: ${decision.reason}` };
  return { kind: "says", probability, reason: `model ${live.version}: ${reason}` };
}

/** A model of a program before this one may have its features otherwise: no look may end by that. */
function predicted(
  model: PredictiveModel,
  history: History,
):
  | ({ readonly kind: "said" } & Pick<ReturnType<typeof predictNow>, "probability" | "gapsShare" | "reason">)
  | { readonly kind: "silent"; readonly reason: string } {
  try {
    const said = predictNow(model, history);
    return Number.isFinite(said.probability) ? { kind: "said", ...said } : { kind: "silent", reason: "what it says is no probability" };
  } catch (error) {
    return { kind: "silent", reason: error instanceof Error ? error.message : String(error) };
  }
}
