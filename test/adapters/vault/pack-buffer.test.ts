/** A pack in its buffer: whatever was promised to it and in whatever order it comes, it fits, and reads as it was laid. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { systemEntropy } from "../../../adapters/entropy-system.ts";
import { PackBuffer } from "../../../adapters/vault/pack-buffer.ts";
import { PACK_ROOM_BYTES, takePlace } from "../../../adapters/vault/pack-room.ts";
import { readPackTable } from "../../../core/backup/vault/pack.ts";
import { TAG_BYTES } from "../../../core/backup/vault/sealing.ts";
import { BLOCK_BYTES_MAX, CHUNKS_PER_BLOCK_MAX, CHUNKS_PER_PACK_MAX, PACK_BYTES, PACK_BYTES_MAX } from "../../../core/backup/vault/sizes.ts";
import { noise } from "../../support/noise.ts";
import { keyring } from "../../support/vault-objects.ts";

const room = new Uint8Array(PACK_ROOM_BYTES);
const id = noise("id", 32);
const CHUNKS = 9;

/** Each block has its longest content; how short it is sealed, and how many are under way before one comes back, is anybody's guess. */
const blocks = fc.array(
  fc.record({ sealedBytes: fc.integer({ min: TAG_BYTES, max: BLOCK_BYTES_MAX + TAG_BYTES }), underWay: fc.integer({ min: 1, max: 40 }) }),
  {
    minLength: 60,
    maxLength: 90,
    size: "max",
  },
);

describe("a pack in its buffer", () => {
  it("never outgrows it, and is whole once it has refused a block, however many are under way and however short they turn out", () => {
    let refused = 0;
    fc.assert(
      fc.property(blocks, fc.boolean(), (given, isIncompressible) => {
        const pack = new PackBuffer(room, keyring, systemEntropy());
        const waiting: number[] = [];
        let isRefused = false;
        for (const { sealedBytes, underWay } of given) {
          while (waiting.length >= underWay) place(pack, waiting.splice(waiting.length >> 1, 1)[0]);
          if (!pack.take(BLOCK_BYTES_MAX, CHUNKS)) {
            isRefused = true;
            break;
          }
          waiting.push(isIncompressible ? BLOCK_BYTES_MAX + TAG_BYTES : sealedBytes);
        }
        for (const each of waiting.splice(0)) place(pack, each);
        if (isRefused) refused += 1;
        else pack.close();
        expect(pack.whole).toBe(true);
        const { bytes, pack: indexed } = pack.finish();
        expect(pack.whole).toBe(false);
        expect(bytes.length).toBeLessThanOrEqual(PACK_BYTES_MAX);
        const read = readPackTable(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length), "the pack", keyring.vault, (header) =>
          keyring.keyOf("pack", header, "the pack"),
        );
        expect(read.blocks).toEqual(indexed.blocks);
      }),
      { numRuns: 60 },
    );
    expect(refused).toBeGreaterThan(20);
  });

  it("takes blocks until it has its size", () => {
    const pack = new PackBuffer(room, keyring, systemEntropy());
    while (pack.take(BLOCK_BYTES_MAX, CHUNKS)) place(pack, BLOCK_BYTES_MAX + TAG_BYTES);
    expect(pack.finish().bytes.length).toBeGreaterThanOrEqual(PACK_BYTES);
  });

  it("takes no more chunks than its table can name, however few bytes they have", () => {
    const pack = new PackBuffer(room, keyring, systemEntropy());
    const chunks = Array.from({ length: CHUNKS_PER_BLOCK_MAX }, (_, number) => ({ id: noise(`chunk ${number}`, 32), lengthBytes: 3 }));
    let taken = 0;
    for (; pack.take(3 * chunks.length, chunks.length); taken += 1) {
      const { number } = takePlace(room, 100);
      pack.place(number, { codec: 0, plainBytes: 3 * chunks.length, sealedBytes: 100, chunks });
    }
    expect(taken).toBe(Math.floor(CHUNKS_PER_PACK_MAX / CHUNKS_PER_BLOCK_MAX));
    expect(pack.whole).toBe(true);
    const { bytes } = pack.finish();
    expect(readPackTable(Buffer.from(bytes), "the pack", keyring.vault, (header) => keyring.keyOf("pack", header, "the pack")).blocks).toHaveLength(
      taken,
    );
  });
});

/** As a thread seals it. */
function place(pack: PackBuffer, sealedBytes: number | undefined): void {
  if (sealedBytes === undefined) throw new Error("no block waits");
  const { number, startBytes } = takePlace(room, sealedBytes);
  expect(startBytes + sealedBytes).toBeLessThanOrEqual(PACK_BYTES_MAX);
  const chunks = Array.from({ length: CHUNKS }, () => ({ id, lengthBytes: BLOCK_BYTES_MAX / CHUNKS }));
  pack.place(number, { codec: 0, plainBytes: BLOCK_BYTES_MAX, sealedBytes, chunks });
}
