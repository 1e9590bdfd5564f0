/** One regression tree on derivatives, grown best cut first within stated limits, and the way of a row through it. */
import type { BinnedColumn } from "./bins.ts";
import { bestCut, type Cut, type CutRule, type Derivatives, type Histogram, strideOf, sumByBin } from "./histogram.ts";

/** A node by its place. A leaf has feature −1; a node's value is what it would say were it a leaf. */
export type Tree = {
  readonly feature: readonly number[];
  /** Up to and with this goes left. */
  readonly threshold: readonly number[];
  readonly gapsGoLeft: readonly boolean[];
  readonly left: readonly number[];
  readonly right: readonly number[];
  readonly value: readonly number[];
};
export type TreeLimits = CutRule & { readonly leavesMax: number; readonly depthMax: number };

type Growing = { [Part in keyof Tree]: Tree[Part][number][] };
type Leaf = { node: number; rows: Int32Array; depth: number; sums: readonly [number, number]; histogram: Histogram; cut: Cut | null };

/** `rows` come back in another order; the gain of each cut is added to `gains` by feature. */
export function growTree(
  columns: readonly BinnedColumn[],
  features: Int32Array,
  rows: Int32Array,
  derivatives: Derivatives,
  limits: TreeLimits,
  gains: Float64Array | null = null,
): Tree {
  const stride = strideOf(columns);
  const tree: Growing = { feature: [], threshold: [], gapsGoLeft: [], left: [], right: [], value: [] };
  const open = [rootLeaf()];
  for (let leaves = 1; leaves < limits.leavesMax; leaves += 1) {
    const best = open.reduce<Leaf | null>((found, leaf) => (leaf.cut && leaf.cut.gain > (found?.cut?.gain ?? 0) ? leaf : found), null);
    if (best?.cut == null) break;
    if (gains !== null) gains[best.cut.feature] = (gains[best.cut.feature] as number) + best.cut.gain;
    open.splice(open.indexOf(best), 1, ...split(best, best.cut));
  }
  return tree;

  function rootLeaf(): Leaf {
    const histogram = new Float64Array(features.length * stride);
    sumByBin(columns, features, rows, derivatives, histogram, stride);
    return leafOf(rows, 0, histogram);
  }

  function leafOf(within: Int32Array, depth: number, histogram: Histogram): Leaf {
    let [first, second] = [0, 0];
    for (const row of within) {
      first += derivatives.first[row] as number;
      second += derivatives.second[row] as number;
    }
    const node = tree.value.length;
    for (const [part, blank] of [
      ["feature", -1],
      ["threshold", 0],
      ["left", -1],
      ["right", -1],
    ] as const)
      tree[part].push(blank);
    tree.gapsGoLeft.push(false);
    tree.value.push(-first / (second + limits.shrinkage));
    const cut = depth < limits.depthMax ? bestCut(histogram, columns, features, [first, second], limits, stride) : null;
    return { node, rows: within, depth, sums: [first, second], histogram, cut };
  }

  /** The smaller side's sums are counted, the other's are what is left of the parent's. */
  function split({ node, rows: within, depth, histogram }: Leaf, cut: Cut): [Leaf, Leaf] {
    const { bins, edges } = columns[cut.feature] as BinnedColumn;
    const leftRows = partition(within, bins, cut);
    const [left, right] = [within.subarray(0, leftRows), within.subarray(leftRows)];
    const [small, large] = left.length <= right.length ? [left, right] : [right, left];
    const counted = new Float64Array(histogram.length);
    sumByBin(columns, features, small, derivatives, counted, stride);
    for (let place = 0; place < histogram.length; place += 1) histogram[place] = (histogram[place] as number) - (counted[place] as number);
    const leaves: [Leaf, Leaf] = [
      leafOf(left, depth + 1, small === left ? counted : histogram),
      leafOf(right, depth + 1, large === right ? histogram : counted),
    ];
    tree.feature[node] = cut.feature;
    tree.threshold[node] = edges[cut.bin - 1] as number;
    tree.gapsGoLeft[node] = cut.gapsGoLeft;
    tree.left[node] = leaves[0].node;
    tree.right[node] = leaves[1].node;
    return leaves;
  }
}

/** Brings the rows that go left to the front, keeping the order on both sides; how many they are. */
function partition(rows: Int32Array, bins: Uint8Array, { bin, gapsGoLeft }: Cut): number {
  const right = new Int32Array(rows.length);
  let [leftCount, rightCount] = [0, 0];
  for (let at = 0; at < rows.length; at += 1) {
    const row = rows[at] as number;
    const found = bins[row] as number;
    if (found === 0 ? gapsGoLeft : found <= bin) rows[leftCount++] = row;
    else right[rightCount++] = row;
  }
  rows.set(right.subarray(0, rightCount), leftCount);
  return leftCount;
}

/** The places a row passes, root first. */
export function pathOf(tree: Tree, valueAt: (feature: number) => number): number[] {
  const path = [0];
  for (let node = 0; (tree.feature[node] as number) >= 0; path.push(node)) {
    const value = valueAt(tree.feature[node] as number);
    const goesLeft = Number.isNaN(value) ? tree.gapsGoLeft[node] : value <= (tree.threshold[node] as number);
    node = (goesLeft ? tree.left[node] : tree.right[node]) as number;
  }
  return path;
}

export function leafValue(tree: Tree, columns: readonly Float64Array[], row: number): number {
  let node = 0;
  for (let feature = tree.feature[0] as number; feature >= 0; feature = tree.feature[node] as number) {
    const value = (columns[feature] as Float64Array)[row] as number;
    const goesLeft = Number.isNaN(value) ? tree.gapsGoLeft[node] : value <= (tree.threshold[node] as number);
    node = (goesLeft ? tree.left[node] : tree.right[node]) as number;
  }
  return tree.value[node] as number;
}
