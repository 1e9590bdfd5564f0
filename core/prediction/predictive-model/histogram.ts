/**
 * Sums of first and second derivatives by bin, and the best place to cut by them. A tree looks only at these sums, so its cost grows with rows
 * times features, not with their logarithm (Ke et al., "LightGBM", NIPS 2017; the gain is that of Chen and Guestrin, "XGBoost", KDD 2016).
 */
import type { BinnedColumn } from "./bins.ts";

export type Cut = {
  readonly gain: number;
  readonly feature: number;
  /** Bins from 1 to this go left. */
  readonly bin: number;
  readonly gapsGoLeft: boolean;
};
export type CutRule = {
  /** Added to a leaf's second derivatives: draws leaves of few rows towards zero. */
  readonly shrinkage: number;
  /** A leaf holds at least this much of second derivatives, which is rows when the weights are one and the loss is squared. */
  readonly leafWeightMin: number;
};
/** The sums of a set of rows: `[first, second]` by bin, one feature after another. */
export type Histogram = Float64Array;
export type Derivatives = { readonly first: Float64Array; readonly second: Float64Array };

/** Room for one feature's bins, gaps included. */
export function strideOf(columns: readonly BinnedColumn[]): number {
  return 2 * (2 + Math.max(0, ...columns.map(({ edges }) => edges.length)));
}

export function sumByBin(
  columns: readonly BinnedColumn[],
  features: Int32Array,
  rows: Int32Array,
  { first, second }: Derivatives,
  into: Histogram,
  stride: number,
): void {
  into.fill(0);
  for (let place = 0; place < features.length; place += 1) {
    const { bins } = columns[features[place] as number] as BinnedColumn;
    const base = place * stride;
    for (let at = 0; at < rows.length; at += 1) {
      const row = rows[at] as number;
      const slot = base + 2 * (bins[row] as number);
      into[slot] = (into[slot] as number) + (first[row] as number);
      into[slot + 1] = (into[slot + 1] as number) + (second[row] as number);
    }
  }
}

/** The cut of greatest gain, or null where none has any. Equal gains go to the earlier feature and the lower bin, so a seed decides nothing here. */
export function bestCut(
  histogram: Histogram,
  columns: readonly BinnedColumn[],
  features: Int32Array,
  [first, second]: readonly [number, number],
  { shrinkage, leafWeightMin }: CutRule,
  stride: number,
): Cut | null {
  const whole = (first * first) / (second + shrinkage);
  let [gain, foundFeature, foundBin, foundGaps] = [1e-9, -1, 0, false];
  for (let place = 0; place < features.length; place += 1) {
    const feature = features[place] as number;
    const base = place * stride;
    const bins = (columns[feature] as BinnedColumn).edges.length + 1;
    const [gapFirst, gapSecond] = [histogram[base] as number, histogram[base + 1] as number];
    for (let side = gapSecond > 0 ? 0 : 1; side < 2; side += 1) {
      let [leftFirst, leftSecond] = side === 0 ? [gapFirst, gapSecond] : [0, 0];
      for (let bin = 1; bin < bins; bin += 1) {
        leftFirst += histogram[base + 2 * bin] as number;
        leftSecond += histogram[base + 2 * bin + 1] as number;
        const rightSecond = second - leftSecond;
        if (leftSecond < leafWeightMin) continue;
        if (rightSecond < leafWeightMin) break;
        const rightFirst = first - leftFirst;
        const here = (leftFirst * leftFirst) / (leftSecond + shrinkage) + (rightFirst * rightFirst) / (rightSecond + shrinkage) - whole;
        if (here > gain) [gain, foundFeature, foundBin, foundGaps] = [here, feature, bin, side === 0];
      }
    }
  }
  return foundFeature < 0 ? null : { gain, feature: foundFeature, bin: foundBin, gapsGoLeft: foundGaps };
}
