/** What the registry knows of foresight: each node's now, the preemptions, the newest predictions that were scored, and open alerts. */
import type { Alert, Foreseen, Foresight, Prediction, Preemption } from "../../core/kernel/prediction.ts";
import type { Operations } from "../command.ts";
import { LIST_MAX } from "../names.ts";

export type ForesightFacts = {
  readonly foresight: Foresight | null;
  readonly nodes: readonly Foreseen[];
  readonly preemptions: readonly Preemption[];
  /** The newest first. */
  readonly scored: readonly Prediction[];
  readonly alerts: readonly Alert[];
};

export async function readForesight({ registry }: Pick<Operations, "registry">, scoredMax: number): Promise<ForesightFacts> {
  const [foresight, nodes, preemptions, scored, alerts] = await Promise.all([
    registry.read("foresight", "all"),
    registry.list("foreseen", { limit: LIST_MAX }),
    registry.list("preemption", { limit: LIST_MAX }),
    registry.list("prediction", { limit: scoredMax, newestFirst: true }),
    registry.list("openAlerts", { limit: LIST_MAX }),
  ]);
  return {
    foresight: foresight.kind === "found" ? foresight.value : null,
    nodes: nodes.map(({ value }) => value),
    preemptions: preemptions.map(({ value }) => value),
    scored: scored.map(({ value }) => value),
    alerts: alerts.flatMap(({ value }) => value.open),
  };
}
