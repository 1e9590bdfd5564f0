/**
 * A second node's word on the chain that was read. The last block's hash alone stands for all below it; the heights between
 * only narrow down where two histories part, for the person who must find out which is right.
 */

export type HashAt = { readonly height: number; readonly hash: string };

export type SecondWord =
  | { readonly kind: "agree"; readonly heights: number; readonly reason: string }
  /** `sharedThrough`: the highest sampled height below the difference at which both have the same block. */
  | { readonly kind: "differ"; readonly height: number; readonly sharedThrough: number | null; readonly reason: string }
  | { readonly kind: "second-cannot-tell"; readonly reason: string };

/** Enough that a parting of the ways is found within a sixteenth of a segment. */
const SAMPLES = 16;

/** First and last, and evenly between. */
export function sampleHeights(from: number, to: number, samples: number = SAMPLES): readonly number[] {
  const steps = Math.max(1, Math.min(samples - 1, to - from));
  const heights = Array.from({ length: steps + 1 }, (_, step) => from + Math.floor(((to - from) * step) / steps));
  return [...new Set(heights)];
}

/**
 * `second`: what it answered, a height without a block being absent. It cannot tell where it lacks the last block, be it
 * that it is behind, pruned, or did not answer; a difference below is one all the same.
 */
export function compareWithSecond(read: readonly HashAt[], second: ReadonlyMap<number, string>): SecondWord {
  const ordered = read.toSorted((left, right) => left.height - right.height);
  const last = ordered.at(-1);
  if (last === undefined) return { kind: "second-cannot-tell", reason: "nothing was read that could be compared" };
  const differing = ordered.find(({ height, hash }) => second.has(height) && second.get(height) !== hash);
  if (differing) {
    const { height, hash } = differing;
    const shared = ordered.findLast((each) => each.height < height && second.has(each.height))?.height ?? null;
    return { kind: "differ", height, sharedThrough: shared, reason: `block ${height} is ${hash} here and ${second.get(height)} at the second node` };
  }
  if (!second.has(last.height)) {
    return { kind: "second-cannot-tell", reason: `the second node did not say which block ${last.height} it has, the last that was read` };
  }
  const heights = ordered.filter(({ height }) => second.has(height)).length;
  return { kind: "agree", heights, reason: `both nodes have ${last.hash} at ${last.height}, and the same at ${heights - 1} heights below` };
}
