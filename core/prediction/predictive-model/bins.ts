/** Features as small whole numbers: each column is cut at its quantiles, so that a tree looks at tens of places instead of thousands. Bin 0 is a gap. */

export type Matrix = {
  readonly names: readonly string[];
  readonly rows: number;
  /** One column a feature, each `rows` long; NaN is a gap. */
  readonly columns: readonly Float64Array[];
};
export type BinnedColumn = {
  /** Bin `b` holds values above `edges[b − 2]` and up to `edges[b − 1]`; the last bin is open. */
  readonly edges: Float64Array;
  readonly bins: Uint8Array;
};

/** A bin is one byte. */
export const BINS_LIMIT = 255;
/** Quantiles of so many rows are within a bin's width of the true ones; sorting all rows of all features would cost more than the trees. */
const SAMPLE_MAX = 5_000;

export function binColumn(column: Float64Array, binsMax: number): BinnedColumn {
  const edges = edgesOf(column, Math.min(BINS_LIMIT - 1, binsMax));
  const bins = new Uint8Array(column.length);
  for (let row = 0; row < column.length; row += 1) bins[row] = binOf(column[row] as number, edges);
  return { edges, bins };
}

function binOf(value: number, edges: Float64Array): number {
  if (Number.isNaN(value)) return 0;
  let [low, high] = [0, edges.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (value <= (edges[middle] as number)) high = middle;
    else low = middle + 1;
  }
  return low + 1;
}

/** Midpoints between neighbouring values at equal shares of the rows; a column with few values has one edge between each two. */
function edgesOf(column: Float64Array, binsMax: number): Float64Array {
  const stride = Math.max(1, Math.ceil(column.length / SAMPLE_MAX));
  const sorted = column.filter((value, row) => row % stride === 0 && !Number.isNaN(value)).sort();
  const edges: number[] = [];
  for (let bin = 1; bin < binsMax; bin += 1) {
    let place = Math.floor((bin * sorted.length) / binsMax);
    // The next place where the value changes: equal values share a bin.
    while (place < sorted.length && place > 0 && sorted[place] === sorted[place - 1]) place += 1;
    if (place === 0 || place >= sorted.length) continue;
    const [low, high] = [sorted[place - 1] as number, sorted[place] as number];
    const between = low + (high - low) / 2;
    const edge = between < high ? between : low;
    if (edges.length === 0 || edge > (edges.at(-1) as number)) edges.push(edge);
  }
  return Float64Array.from(edges);
}
