/**
 * Which segments are still to be read, up to a named final block. The cuts lie at fixed heights, counted from the first
 * block, so that whoever plans again, after a crash or on another day, plans the same ones: a long first backup goes on
 * where it stopped. Only the last segment may be short; once the chain has grown, a whole one takes its place.
 */
import { chainSegments } from "./chain.ts";
import { SEGMENT_BLOCKS_MAX } from "./limits.ts";
import type { SegmentSpan } from "./segment.ts";

export type PlannedSegment = { readonly from: number; readonly to: number };
export type LedgerPlan =
  | {
      readonly kind: "plan";
      /** Lowest first, so that what is stored is one chain from its base whenever it stops. */
      readonly segments: readonly PlannedSegment[];
      /** Short ones that a planned segment holds whole. */
      readonly superseded: readonly SegmentSpan[];
      /** Beyond `segmentsMax`, left for the next plan. */
      readonly left: number;
      readonly reason: string;
    }
  | { readonly kind: "complete"; readonly reason: string }
  | { readonly kind: "refused"; readonly reason: string };

type Facts = {
  readonly from: number;
  readonly finalized: number;
  readonly blocksPerSegment: number;
  readonly stored: readonly SegmentSpan[];
  readonly segmentsMax?: number;
};

/** Where every ledger begins: the genesis block is one like any other. */
export const FIRST_BLOCK = 0;
/** A run of Lambda reads a few dozen; a plan of more would only grow the workflow's input. */
const SEGMENTS_PLANNED_MAX = 100;

export function planSegments({ from, finalized, blocksPerSegment, stored, segmentsMax = SEGMENTS_PLANNED_MAX }: Facts): LedgerPlan {
  const fault = faultIn(from, blocksPerSegment) ?? storedFault(stored, from, blocksPerSegment);
  if (fault !== null) return { kind: "refused", reason: fault };
  if (finalized < from) return { kind: "complete", reason: `block ${from}, the first to be stored, is not final yet: ${finalized} is` };
  const ends = new Map(stored.map((segment) => [segment.from, segment.to]));
  const missing: PlannedSegment[] = [];
  let left = 0;
  for (let start = from; start <= finalized; start += blocksPerSegment) {
    const to = Math.min(start + blocksPerSegment - 1, finalized);
    if ((ends.get(start) ?? -1) >= to) continue;
    if (missing.length < segmentsMax) missing.push({ from: start, to });
    else left += 1;
  }
  if (missing.length === 0) return { kind: "complete", reason: `stored through block ${finalized}, the last final one` };
  const superseded = stored.filter((segment) => missing.some((planned) => planned.from === segment.from));
  const reason = `${missing.length + left} segments are missing through final block ${finalized}, from block ${missing[0]?.from} on`;
  return { kind: "plan", segments: missing, superseded, left, reason };
}

function faultIn(from: number, blocksPerSegment: number): string | null {
  if (!Number.isSafeInteger(from) || from < 0) return `a ledger cannot begin at block ${from}`;
  if (Number.isSafeInteger(blocksPerSegment) && blocksPerSegment >= 1 && blocksPerSegment <= SEGMENT_BLOCKS_MAX) return null;
  return `a segment has 1 to ${SEGMENT_BLOCKS_MAX} blocks, not ${blocksPerSegment}`;
}

/** Segments cut otherwise would overlap what is planned, and which of the two is right would be anybody's guess. */
function storedFault(stored: readonly SegmentSpan[], from: number, blocksPerSegment: number): string | null {
  const odd = stored.find((segment) => {
    const offset = segment.from - from;
    return offset < 0 || offset % blocksPerSegment !== 0 || segment.to < segment.from || segment.to >= segment.from + blocksPerSegment;
  });
  if (odd) return `the stored segment ${odd.from} to ${odd.to} is not cut every ${blocksPerSegment} blocks from ${from}`;
  const chained = chainSegments(stored);
  // A gap is what a plan fills; two at one height, or a broken link, is what it must not build on.
  return chained.kind === "broken" && chained.break !== "gap" ? chained.reason : null;
}
