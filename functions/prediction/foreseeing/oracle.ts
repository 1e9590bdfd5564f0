/** Who is asked of a node besides thresholds and lines: a model, or nobody, with the reason. */
import type { NodeId } from "../../../core/kernel/ids.ts";
import type { Vitals } from "../../../core/kernel/records.ts";
import type { ModelWord } from "../../../core/prediction/predictive-model/estimate.ts";

export type Oracle = {
  /** Null while no model may speak. */
  readonly version: string | null;
  readonly reason: string;
  ask(node: NodeId, window: readonly Vitals[]): ModelWord;
};

export function silentOracle(reason: string): Oracle {
  return { version: null, reason, ask: () => ({ kind: "silent", reason }) };
}
