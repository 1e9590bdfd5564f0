/** A robust random cut forest over the last few hundred shingles of a series, online: each point is inserted, scored, and later removed. */
import { type CutTree, displacementOf, insertPoint, type Leaf, removePoint } from "./cut-tree.ts";
import type { LabelledSeries } from "./series.ts";

const TREES = 30;
const WINDOW_POINTS = 256;
const SHINGLE_POINTS = 4;

/** Mean collusive displacement over the trees; the same seed gives the same scores. */
export function scoreByCutForest({ values }: Pick<LabelledSeries, "values">, seed: number): Float64Array {
  const chance = xorshift(seed);
  const trees = Array.from({ length: TREES }, (): CutTree => ({ root: null }));
  const leaves: Leaf[][] = [];
  let shingle: number[] = [];
  return values.map((value) => {
    if (!Number.isFinite(value)) return 0;
    shingle = [...shingle, value].slice(-SHINGLE_POINTS);
    if (shingle.length < SHINGLE_POINTS) return 0;
    if (leaves.length >= WINDOW_POINTS) {
      leaves.shift()?.forEach((leaf, place) => {
        const tree = trees[place];
        if (tree) removePoint(tree, leaf);
      });
    }
    const point = Float64Array.from(shingle);
    const inserted = trees.map((tree) => insertPoint(tree, point, chance));
    leaves.push(inserted);
    return inserted.reduce((sum, leaf) => sum + displacementOf(leaf), 0) / TREES;
  });
}

function xorshift(seed: number): () => number {
  let word = seed | 1;
  return () => {
    word ^= word << 13;
    word ^= word >>> 17;
    word ^= word << 5;
    return (word >>> 0) / 2 ** 32;
  };
}
