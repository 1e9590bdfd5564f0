/** The laws of cutting: whole, bounded, the same however the stream is read, local to a change, and different under another key. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { gearTable, nextCut } from "../../../../core/backup/vault/chunking.ts";
import { CHUNK_BYTES } from "../../../../core/backup/vault/sizes.ts";
import { noise } from "../../../support/noise.ts";

const gear = gearTable(Buffer.alloc(32, 7));
const MIB = 1024 * 1024;

/** The ends of all chunks, reading `step` bytes more each time a cut cannot be told yet. */
function cutsOf(bytes: Uint8Array, step: number, table = gear): number[] {
  const ends: number[] = [];
  let start = 0;
  let end = 0;
  while (start < bytes.length) {
    const cut = nextCut(table, bytes, start, end, end === bytes.length);
    if (cut === null) end = Math.min(bytes.length, end + step);
    else {
      ends.push(cut);
      start = cut;
    }
  }
  return ends;
}

describe("cutting by content", () => {
  it("covers every byte once, in chunks no longer than the longest and, but for the last, no shorter than the shortest", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: MIB }), fc.integer(), (length, seed) => {
        const ends = cutsOf(noise(seed, length), MIB);
        const lengths = ends.map((end, index) => end - (ends[index - 1] ?? 0));
        expect(ends.at(-1) ?? 0).toBe(length);
        for (const [index, size] of lengths.entries()) {
          expect(size).toBeLessThanOrEqual(CHUNK_BYTES.max);
          if (index < lengths.length - 1) expect(size).toBeGreaterThan(CHUNK_BYTES.min);
        }
      }),
      { numRuns: 30 },
    );
  });

  it("does not depend on how the stream was read", () => {
    fc.assert(
      fc.property(fc.integer(), fc.integer({ min: 1, max: 300_000 }), (seed, step) => {
        const bytes = noise(seed, MIB);
        expect(cutsOf(bytes, step)).toEqual(cutsOf(bytes, MIB));
      }),
      { numRuns: 30 },
    );
  });

  it("meets its old cuts again soon after an insertion", () => {
    const bytes = noise(1, 8 * MIB);
    const changed = Buffer.concat([noise(2, 1_000), bytes]);
    const before = new Set(cutsOf(bytes, MIB));
    const after = cutsOf(changed, MIB).map((end) => end - 1_000);
    const lost = after.filter((end) => !before.has(end));
    expect(lost.length).toBeLessThanOrEqual(4);
  });

  it("cuts near the average length", () => {
    const count = cutsOf(noise(3, 16 * MIB), MIB).length;
    const average = (16 * MIB) / count;
    expect(average).toBeGreaterThan(CHUNK_BYTES.average * 0.8);
    expect(average).toBeLessThan(CHUNK_BYTES.average * 1.4);
  });

  it("cuts elsewhere under another key", () => {
    const bytes = noise(4, 4 * MIB);
    const ours = new Set(cutsOf(bytes, MIB));
    const theirs = cutsOf(bytes, MIB, gearTable(Buffer.alloc(32, 8)));
    expect(theirs.filter((end) => ours.has(end)).length).toBeLessThan(theirs.length / 4);
  });
});
