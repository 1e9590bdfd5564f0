/**
 * Whether what a model sees now is what it was trained on: by feature the population stability index (Siddiqi, "Credit Risk Scorecards", 2006) and
 * the distance of Kolmogorov and Smirnov over the same bins. Features count by the share of the model's gain they carry: what the model does not
 * look at may wander.
 */
import type { Matrix } from "./bins.ts";

export type DriftReference = {
  readonly rows: number;
  readonly features: readonly {
    readonly name: string;
    /** The share of the model's gain. */
    readonly importance: number;
    readonly edges: readonly number[];
    /** One more than edges, then the share of gaps. */
    readonly shares: readonly number[];
  }[];
};
export type FeatureDrift = { readonly name: string; readonly importance: number; readonly psi: number; readonly distance: number };
export type Drift =
  | { readonly kind: "steady"; readonly reason: string; readonly features: readonly FeatureDrift[] }
  | { readonly kind: "drifted"; readonly reason: string; readonly features: readonly FeatureDrift[] }
  | { readonly kind: "unknown"; readonly reason: string };
export type DriftLimits = {
  /** A feature beyond this has drifted. */
  readonly psiMax: number;
  /** The model has drifted when the drifted features carry more than this share of its gain. */
  readonly importanceMax: number;
  readonly rowsMin: number;
};

/** The trade's own reading: below 0.1 nothing moved, above 0.25 it is another population. */
/** A quarter of the gain was too little: the few lives of two weeks differ by that much though nothing has changed. */
export const DRIFT_LIMITS: DriftLimits = { psiMax: 0.25, importanceMax: 0.5, rowsMin: 200 };
const BINS = 10;
/** An empty bin would make the index infinite. */
const SHARE_FLOOR = 1e-4;

export function learnReference({ names, rows, columns }: Matrix, importance: readonly number[]): DriftReference {
  const features = columns.map((column, at) => {
    const sorted = column.filter((value) => !Number.isNaN(value)).sort();
    const edges = Array.from({ length: BINS - 1 }, (_, bin) => sorted[Math.floor(((bin + 1) * sorted.length) / BINS)]);
    const distinct = [...new Set(edges.filter((edge) => edge !== undefined))];
    return { name: names[at] as string, importance: importance[at] ?? 0, edges: distinct, shares: sharesOf(column, distinct) };
  });
  return { rows, features };
}

/** `recent` has the reference's features in their order. */
export function judgeDrift(reference: DriftReference, recent: Matrix, limits: DriftLimits = DRIFT_LIMITS): Drift {
  if (recent.rows < limits.rowsMin)
    return { kind: "unknown", reason: `${recent.rows} recent rows are too few to tell drift, ${limits.rowsMin} are needed` };
  const features = reference.features.map(({ name, importance, edges, shares }, at): FeatureDrift => {
    const now = sharesOf(recent.columns[at] as Float64Array, edges);
    return { name, importance, psi: stabilityIndex(shares, now), distance: cumulativeDistance(shares, now) };
  });
  const drifted = features.filter(({ psi }) => psi > limits.psiMax).toSorted((left, right) => right.importance - left.importance);
  const carried = drifted.reduce((sum, { importance }) => sum + importance, 0);
  const percent = (share: number): string => `${Math.round(100 * share)} %`;
  const reason = `features with ${percent(carried)} of the model's gain have moved (PSI above ${limits.psiMax}), at most ${percent(limits.importanceMax)} may`;
  if (carried <= limits.importanceMax) return { kind: "steady", reason, features };
  const [worst] = drifted;
  return { kind: "drifted", reason: `${reason}; most of it "${worst?.name}", PSI ${worst?.psi.toFixed(2)}`, features };
}

/** Sum of (now − then) × ln(now ÷ then): 0 for the same shares, otherwise above. */
export function stabilityIndex(then: readonly number[], now: readonly number[]): number {
  return then.reduce((sum, share, bin) => {
    const [before, after] = [Math.max(SHARE_FLOOR, share), Math.max(SHARE_FLOOR, now[bin] ?? 0)];
    return sum + (after - before) * Math.log(after / before);
  }, 0);
}

function cumulativeDistance(then: readonly number[], now: readonly number[]): number {
  let [apart, most] = [0, 0];
  then.forEach((share, bin) => {
    apart += (now[bin] ?? 0) - share;
    most = Math.max(most, Math.abs(apart));
  });
  return most;
}

function sharesOf(column: Float64Array, edges: readonly number[]): number[] {
  const counts = new Float64Array(edges.length + 2);
  for (const value of column) {
    const above = edges.findIndex((edge) => value < edge);
    const bin = Number.isNaN(value) ? edges.length + 1 : above < 0 ? edges.length : above;
    counts[bin] = (counts[bin] as number) + 1;
  }
  return [...counts].map((count) => count / Math.max(1, column.length));
}
