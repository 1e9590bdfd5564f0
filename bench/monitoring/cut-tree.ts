/**
 * One random cut tree over a sliding set of points (Guha, Mishra, Roy and Schrijvers, "Robust random cut forest based anomaly detection on
 * streams", ICML 2016): points are inserted and removed as if the tree had been drawn anew, and a point's collusive displacement says how
 * much of the tree it, or the group around it, pushes down.
 */
export type Leaf = { parent: Branch | null; readonly low: Float64Array; readonly high: Float64Array; count: number };
export type Branch = {
  parent: Branch | null;
  left: CutNode;
  right: CutNode;
  readonly dimension: number;
  readonly cut: number;
  readonly low: Float64Array;
  readonly high: Float64Array;
  count: number;
};
type CutNode = Leaf | Branch;
export type CutTree = { root: CutNode | null };

/** Returns the leaf that holds the point; `chance` gives numbers in 0..1. */
export function insertPoint(tree: CutTree, point: Float64Array, chance: () => number): Leaf {
  if (!tree.root) {
    const leaf = leafOf(point);
    tree.root = leaf;
    return leaf;
  }
  let node = tree.root;
  for (;;) {
    const split = drawCut(node, point, chance);
    if (split) return splitAbove(tree, node, point, split);
    if (!("left" in node)) {
      // No cut can part equal points: they share a leaf.
      grow(node, 1, null);
      return node;
    }
    node = (point[node.dimension] ?? 0) <= node.cut ? node.left : node.right;
  }
}

export function removePoint(tree: CutTree, leaf: Leaf): void {
  const { parent } = leaf;
  if (leaf.count > 1) {
    grow(leaf, -1, null);
    return;
  }
  if (!parent) {
    tree.root = null;
    return;
  }
  const sibling = parent.left === leaf ? parent.right : parent.left;
  const above = parent.parent;
  sibling.parent = above;
  if (!above) {
    tree.root = sibling;
    return;
  }
  if (above.left === parent) above.left = sibling;
  else above.right = sibling;
  for (let node: Branch | null = above; node; node = node.parent) {
    node.count -= 1;
    for (let each = 0; each < node.low.length; each += 1) {
      node.low[each] = Math.min(node.left.low[each] ?? 0, node.right.low[each] ?? 0);
      node.high[each] = Math.max(node.left.high[each] ?? 0, node.right.high[each] ?? 0);
    }
  }
}

export function displacementOf(leaf: Leaf): number {
  let most = 0;
  let node: CutNode = leaf;
  for (let parent: Branch | null = leaf.parent; parent; parent = parent.parent) {
    const sibling: CutNode = parent.left === node ? parent.right : parent.left;
    most = Math.max(most, sibling.count / node.count);
    node = parent;
  }
  return most;
}

type Split = { readonly dimension: number; readonly cut: number };

/** A cut of the box around node and point, if it parts the point from the node. */
function drawCut({ low, high }: CutNode, point: Float64Array, chance: () => number): Split | null {
  let extent = 0;
  for (let each = 0; each < point.length; each += 1)
    extent += Math.max(high[each] ?? 0, point[each] ?? 0) - Math.min(low[each] ?? 0, point[each] ?? 0);
  let rest = chance() * extent;
  for (let dimension = 0; dimension < point.length; dimension += 1) {
    const value = point[dimension] ?? 0;
    const from = Math.min(low[dimension] ?? 0, value);
    const length = Math.max(high[dimension] ?? 0, value) - from;
    if (rest >= length) {
      rest -= length;
      continue;
    }
    const cut = from + rest;
    const isParted = (value <= cut && cut < (low[dimension] ?? 0)) || (value > cut && cut >= (high[dimension] ?? 0));
    return isParted ? { dimension, cut } : null;
  }
  return null;
}

function splitAbove(tree: CutTree, node: CutNode, point: Float64Array, { dimension, cut }: Split): Leaf {
  const leaf = leafOf(point);
  const isLeft = (point[dimension] ?? 0) <= cut;
  const { parent } = node;
  const branch: Branch = {
    parent,
    left: isLeft ? leaf : node,
    right: isLeft ? node : leaf,
    dimension,
    cut,
    low: node.low.map((each, place) => Math.min(each, point[place] ?? each)),
    high: node.high.map((each, place) => Math.max(each, point[place] ?? each)),
    count: node.count + 1,
  };
  leaf.parent = branch;
  node.parent = branch;
  if (!parent) tree.root = branch;
  else {
    if (parent.left === node) parent.left = branch;
    else parent.right = branch;
    grow(parent, 1, point);
  }
  return leaf;
}

function grow(from: CutNode, by: number, point: Float64Array | null): void {
  for (let node: CutNode | null = from; node; node = node.parent) {
    node.count += by;
    if (!point) continue;
    for (let each = 0; each < point.length; each += 1) {
      node.low[each] = Math.min(node.low[each] ?? 0, point[each] ?? 0);
      node.high[each] = Math.max(node.high[each] ?? 0, point[each] ?? 0);
    }
  }
}

function leafOf(point: Float64Array): Leaf {
  return { parent: null, low: point, high: point, count: 1 };
}
