/** What the registry knows of the model: the live one, whether its gate lets it speak, who was answered by it at the newest look, and its candidates. */
import type { LiveModel, ModelCandidate, ModelPointer } from "../../core/kernel/live-model.ts";
import { decideModel, type ModelDecision } from "../../core/prediction/predictive-model/gate.ts";
import type { Operations } from "../command.ts";
import { LIST_MAX } from "../names.ts";

export type ModelFacts = {
  readonly live: ModelPointer | null;
  /** By what the registry says; whether its file is whole only a look can tell. Null where none is live. */
  readonly decision: ModelDecision | null;
  /** Of each node's newest look: the model's version, or why none was asked. */
  readonly nodes: readonly { readonly node: string; readonly model: string | null; readonly reason: string }[];
  readonly candidates: readonly ModelCandidate[];
};

const UNASKED = "no model was asked: ";

export async function readModelFacts({ registry, clock }: Pick<Operations, "registry" | "clock">): Promise<ModelFacts> {
  const [found, foreseen] = await Promise.all([registry.read("liveModel", "live"), registry.list("foreseen", { limit: LIST_MAX })]);
  const { live, candidates }: LiveModel = found.kind === "found" ? found.value : { live: null, candidates: [] };
  const nodes = foreseen.map(({ value: { node, latest } }) => ({ node, model: latest.model, reason: reasonOf(latest) }));
  return { live, decision: live === null ? null : decisionOf(live, clock.wallMs()), nodes, candidates };
}

function decisionOf(live: ModelPointer, nowMs: number): ModelDecision {
  const { rows, failures, evaluation, trainedAtMs } = live;
  const { kind, reason } = live.drift;
  const drift = kind === "unknown" ? { kind, reason } : { kind, reason, features: [] };
  return decideModel({ file: { kind: "read" }, rows, failures, trainedAgoMs: nowMs - trainedAtMs, evaluation, drift, gapsShare: 0 });
}

function reasonOf({ model, reason }: { model: string | null; reason: string }): string {
  const from = reason.indexOf(UNASKED);
  return model !== null ? "" : from < 0 ? reason : reason.slice(from + UNASKED.length);
}
