/**
 * A sparse file is its length and its holes; what lies between them is its bytes. The stretches say at which position of the
 * file each part of those bytes belongs, so that a restore writes them there and leaves the holes unwritten.
 */
import type { Hole } from "./entry.ts";

/** Holes begin on such a boundary; it is the block of every file system that a node would stand on. */
export const HOLE_ALIGNMENT_BYTES = 4096;

export type Stretch = { readonly offset: number; readonly length: number };

/** The bytes between the holes, ascending. The lengths sum up to the length of the file's content. */
export function dataStretches(lengthBytes: number, holes: readonly Hole[]): Stretch[] {
  const stretches: Stretch[] = [];
  let from = 0;
  for (const { offset, length } of holes) {
    if (offset > from) stretches.push({ offset: from, length: offset - from });
    from = offset + length;
  }
  if (lengthBytes > from) stretches.push({ offset: from, length: lengthBytes - from });
  return stretches;
}

/** Why these cannot be the holes of such a file, or null. They come from a listing, and positions to write at come from them. */
export function refuseHoles(lengthBytes: number, holes: readonly Hole[]): string | null {
  if (!Number.isSafeInteger(lengthBytes) || lengthBytes < 0) return `a file cannot have ${lengthBytes} bytes`;
  let from = 0;
  for (const { offset, length } of holes) {
    if (!Number.isSafeInteger(offset) || !Number.isSafeInteger(length) || length <= 0) return `a hole of ${length} bytes at ${offset} is none`;
    if (offset < from) return `the hole at ${offset} begins before ${from}, where the one before it ends`;
    from = offset + length;
    if (from > lengthBytes) return `the hole at ${offset} ends at ${from}, behind the file's ${lengthBytes} bytes`;
  }
  return null;
}
