/**
 * Why the model said so: along each tree's path the value changes at every cut, and the change belongs to the feature that was cut on (Saabas,
 * "Interpreting random forests", 2014). With the base, these contributions add up to the score exactly, so nothing is left unexplained.
 */
import type { BoostedTrees } from "./boosting.ts";
import { pathOf } from "./tree.ts";

export type Contribution = {
  readonly feature: string;
  /** NaN is a gap. */
  readonly value: number;
  /** In the score's unit: log-odds for a probability, steps for a remaining life. */
  readonly amount: number;
};

/** What every unit starts from, and each feature's amount by its place. */
export function treeContributions(model: BoostedTrees, values: ArrayLike<number>, features: number): { base: number; amounts: Float64Array } {
  const amounts = new Float64Array(features);
  let base = model.base;
  for (const tree of model.trees) {
    const path = pathOf(tree, (feature) => values[feature] as number);
    base += model.learningRate * (tree.value[0] as number);
    for (let at = 1; at < path.length; at += 1) {
      const [parent, child] = [path[at - 1] as number, path[at] as number];
      const feature = tree.feature[parent] as number;
      amounts[feature] = (amounts[feature] as number) + model.learningRate * ((tree.value[child] as number) - (tree.value[parent] as number));
    }
  }
  return { base, amounts };
}

/** One sentence for the record of a prediction, of the strongest few. */
export function explainProbability(probability: number, contributions: readonly Contribution[], most = 4): string {
  const parts = contributions.slice(0, most).map(({ feature, value, amount }) => {
    const factor = Math.exp(Math.abs(amount));
    const seen = Number.isNaN(value) ? "is not measured" : `is ${value.toPrecision(3)}`;
    return `"${feature}" ${seen}, which ${amount > 0 ? "multiplies" : "divides"} the odds by ${factor.toPrecision(2)}`;
  });
  const said = `fails within the horizon with probability ${(100 * probability).toFixed(1)} %`;
  return parts.length === 0 ? `${said}: nothing sets this unit apart` : `${said}: ${parts.join("; ")}`;
}
