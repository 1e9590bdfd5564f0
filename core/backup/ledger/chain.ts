/**
 * Segments in a row: each begins where the one before ended, in height and in hash. Where they do not, the first break is
 * named, since everything above it hangs in the air.
 */
import type { SegmentSpan } from "./segment.ts";

export type ChainedSegments =
  | { readonly kind: "chained"; readonly span: SegmentSpan; readonly segments: number; readonly reason: string }
  | { readonly kind: "empty"; readonly reason: string }
  | {
      readonly kind: "broken";
      readonly break: "gap" | "overlap" | "parent-link" | "reversed";
      /** The segment above the break, by its place among those given, in order of height. */
      readonly index: number;
      readonly height: number;
      readonly reason: string;
    };

/** In whatever order they are given. */
export function chainSegments(segments: readonly SegmentSpan[]): ChainedSegments {
  const ordered = segments.toSorted(byHeight);
  const [first, last] = [ordered[0], ordered.at(-1)];
  if (first === undefined || last === undefined) return { kind: "empty", reason: "there are no segments to chain" };
  for (const [index, segment] of ordered.entries()) {
    const fault = faultBetween(ordered[index - 1], segment);
    if (fault) return { kind: "broken", break: fault.kind, index, height: segment.from, reason: fault.reason };
  }
  const span = { from: first.from, to: last.to, firstParentHash: first.firstParentHash, lastHash: last.lastHash };
  return { kind: "chained", span, segments: ordered.length, reason: `${ordered.length} segments, blocks ${span.from} to ${span.to}, one chain` };
}

/** Where two begin at one height the shorter comes first, so that an overlap is named at the longer. */
export function byHeight(left: SegmentSpan, right: SegmentSpan): number {
  return left.from - right.from || left.to - right.to;
}

type Break = { readonly kind: "gap" | "overlap" | "parent-link" | "reversed"; readonly reason: string };

function faultBetween(before: SegmentSpan | undefined, segment: SegmentSpan): Break | null {
  const name = `the segment from ${segment.from} to ${segment.to}`;
  if (segment.to < segment.from) return { kind: "reversed", reason: `${name} ends before it begins` };
  if (before === undefined) return null;
  if (segment.from > before.to + 1) return { kind: "gap", reason: `blocks ${before.to + 1} to ${segment.from - 1} are missing below ${name}` };
  if (segment.from <= before.to) return { kind: "overlap", reason: `${name} begins below ${before.to}, where the one before ends` };
  if (segment.firstParentHash === before.lastHash) return null;
  return { kind: "parent-link", reason: `${name} goes on from ${segment.firstParentHash}, block ${before.to} is ${before.lastHash}` };
}
