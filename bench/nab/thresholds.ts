/** The product's own detector over one series, strictly in order: the score of a row has seen that row and those before it, nothing else. */
import { observe, start } from "../../core/prediction/dynamic-threshold-adjustment/observe.ts";
import type { ThresholdSettings } from "../../core/prediction/dynamic-threshold-adjustment/settings.ts";
import type { NabSeries } from "./corpus.ts";

export function runThresholds({ atMs, values }: Pick<NabSeries, "atMs" | "values">, settings: ThresholdSettings): Float64Array {
  const state = start();
  return values.map((value, row) => observe(state, { atMs: atMs[row] ?? 0, value: Number.isNaN(value) ? null : value }, settings).verdict.score);
}
