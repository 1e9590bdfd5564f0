/**
 * A segment's name in a backup of a ledger: its span, so that a chain of segments is judged from a listing alone, and sorted by
 * height as names are sorted.
 */
import type { SegmentSpan } from "./segment.ts";

const HEIGHT_DIGITS = 12;
const NAME = /^(\d{12})-(\d{12})-([0-9a-f]{64})-([0-9a-f]{64})\.segment$/;

const padded = (height: number): string => String(height).padStart(HEIGHT_DIGITS, "0");

export function segmentName({ from, to, firstParentHash, lastHash }: SegmentSpan): string {
  return `${padded(from)}-${padded(to)}-${firstParentHash.slice(2)}-${lastHash.slice(2)}.segment`;
}

/** Null for what is no segment's name. */
export function spanOfName(name: string): SegmentSpan | null {
  const [, from, to, parent, last] = NAME.exec(name) ?? [];
  if (from === undefined || to === undefined) return null;
  return { from: Number(from), to: Number(to), firstParentHash: `0x${parent}`, lastHash: `0x${last}` };
}
