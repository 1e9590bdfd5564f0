/** A block opens in its own place only, as what it was; whatever else was sealed, even by somebody who has the key, is no block. */
import { createCipheriv } from "node:crypto";
import { zstdCompressSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CODEC, openBlock, packBlock, sealBlock, sealPacked, TAG_BYTES } from "../../../../core/backup/vault/sealing.ts";
import { noise } from "../../../support/noise.ts";

const place = { key: noise("key", 32), header: noise("header", 64), number: 3 };

describe("a sealed block", () => {
  it("opens as what it was, sealed into memory at hand or not", () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array({ maxLength: 300 }),
          fc.nat({ max: 300_000 }).map((length) => Buffer.alloc(length, "height ")),
        ),
        (content) => {
          const room = Buffer.alloc(content.length + TAG_BYTES);
          const block = packBlock(content);
          const sealedBytes = block.packed.length + TAG_BYTES;
          sealPacked(place, block, room);
          expect(openBlock(place, { ...block, sealed: room.subarray(0, sealedBytes) })).toEqual(Buffer.from(content));
          expect(openBlock(place, sealBlock(place, content))).toEqual(Buffer.from(content));
        },
      ),
    );
  });

  it("does not open in another place, under another key or header, or with other facts", () => {
    const block = sealBlock(place, noise("content", 5_000));
    const places = [
      { ...place, number: 4 },
      { ...place, key: noise("other", 32) },
      { ...place, header: noise("other", 64) },
    ];
    for (const other of places) expect(openBlock(other, block)).toBeNull();
    for (const facts of [{ plainBytes: 4_999 }, { codec: CODEC.zstd }]) expect(openBlock(place, { ...block, ...facts })).toBeNull();
  });

  it("is none where a captured writer has sealed no frame, or a frame of another length than it says", () => {
    const sealedByHand = (packed: Uint8Array, plainBytes: number) => {
      const nonce = Buffer.alloc(12);
      nonce.writeUInt32BE(place.number, 8);
      const tail = Buffer.alloc(9);
      tail.writeUInt32BE(place.number, 0);
      tail.writeUInt8(CODEC.zstd, 4);
      tail.writeUInt32BE(plainBytes, 5);
      const cipher = createCipheriv("aes-256-gcm", place.key, nonce, { authTagLength: TAG_BYTES }).setAAD(Buffer.concat([place.header, tail]));
      return { codec: CODEC.zstd, plainBytes, sealed: Buffer.concat([cipher.update(packed), cipher.final(), cipher.getAuthTag()]) };
    };
    const frame = zstdCompressSync(Buffer.alloc(1_000));
    expect(openBlock(place, sealedByHand(frame, 1_000))).toEqual(Buffer.alloc(1_000));
    for (const [packed, plainBytes] of [
      [frame, 10],
      [frame, 2_000],
      [Buffer.from("no frame"), 8],
    ] as const) {
      expect(openBlock(place, sealedByHand(packed, plainBytes))).toBeNull();
    }
  });
});
