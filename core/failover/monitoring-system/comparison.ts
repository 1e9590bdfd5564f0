/**
 * What the nodes of a fleet say together, by which each is measured. Lag is against the second-highest head, so that one
 * rogue node ahead moves nobody's measure. A head stays in the comparison for a while after it was told, so that one lost
 * probe of one node does not change what another is measured by.
 */
import { fleetIntervalMs, stallLimitMs } from "./block-interval.ts";
import type { Detector } from "./detector.ts";
import { headMemoryMs, type Rules } from "./rules.ts";

export type Comparison = {
  /** Nodes on the right chain that were heard lately, with their heads. */
  readonly heads: readonly { readonly node: string; readonly height: number; readonly movedAtMs: number }[];
  /** The second-highest head (the only one, where there is one); null where nobody was heard. */
  readonly referenceHead: number | null;
  /** Height → the hash that more than half of those heard, and at least two, have there. */
  readonly agreed: ReadonlyMap<number, string>;
  readonly intervalMs: number;
  readonly stallLimitMs: number;
};

/** Below the lowest head of those that keep up, so that blocks still on their way are not taken for a fork. */
const REFERENCE_DEPTH = 2;

export function onRightChain(detector: Detector, rules: Rules): boolean {
  return detector.last !== null && detector.last.chainId === rules.chainId && detector.last.genesisHash === rules.genesisHash;
}

export function compare(detectors: readonly Detector[], nowMs: number, rules: Rules): Comparison {
  const heard = detectors.filter((each) => onRightChain(each, rules) && nowMs - (each.last?.atMs ?? 0) <= headMemoryMs(rules));
  const heads = heard.map(({ node, last, movedAtMs }) => ({ node, height: last?.head.height ?? 0, movedAtMs }));
  const ordered = heads.map(({ height }) => height).toSorted((a, b) => b - a);
  const intervalMs = fleetIntervalMs(
    heard.map(({ interval }) => interval),
    rules.slotMs,
  );
  return {
    heads,
    referenceHead: ordered[1] ?? ordered[0] ?? null,
    agreed: majorities(heard),
    intervalMs,
    stallLimitMs: stallLimitMs(rules, intervalMs),
  };
}

function majorities(heard: readonly Detector[]): ReadonlyMap<number, string> {
  const references = heard.flatMap(({ last }) => (last?.reference ? [last.reference] : []));
  const agreed = new Map<number, string>();
  for (const same of Map.groupBy(references, ({ height, hash }) => `${height} ${hash}`).values()) {
    const [one] = same;
    // Those without an answer at this height count against the majority: a lost probe must not make one.
    if (one && same.length >= 2 && same.length * 2 > heard.length) agreed.set(one.height, one.hash);
  }
  return agreed;
}

/** The height at which to ask every node for its block next; null where no height is deep enough to be compared. */
export function nextReferenceHeight(comparison: Comparison, rules: Rules): number | null {
  const { referenceHead } = comparison;
  if (referenceHead === null) return null;
  const near = comparison.heads.filter(({ height }) => height <= referenceHead && referenceHead - height <= rules.lagBlocksMax);
  const height = Math.min(referenceHead, ...near.map((each) => each.height)) - REFERENCE_DEPTH;
  return height >= 1 ? height : null;
}
