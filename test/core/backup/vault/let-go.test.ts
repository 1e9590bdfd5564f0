/** What is let go of is gone at once, and nothing else is: not what shares its memory, not what somebody else still reads. */
import { zstdCompressSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { letGo } from "../../../../core/backup/vault/let-go.ts";
import { openBlock, sealBlock } from "../../../../core/backup/vault/sealing.ts";
import { noise } from "../../../support/noise.ts";

const MIB = 1024 * 1024;

describe("letting go", () => {
  it("gives large memory back at once and leaves Node's pool and shared memory alone, whatever the length", () => {
    fc.assert(
      fc.property(fc.nat({ max: 3 * Buffer.poolSize }), (length) => {
        const neighbour = Buffer.from("neighbour");
        for (const bytes of [Buffer.allocUnsafe(length), zstdCompressSync(noise("content", length))]) {
          const isOwn = bytes.buffer.byteLength > Buffer.poolSize;
          letGo(bytes);
          if (isOwn) expect(bytes.length).toBe(0);
        }
        const shared = Buffer.from(new SharedArrayBuffer(length));
        letGo(shared);
        expect(shared.length).toBe(length);
        expect(neighbour.toString()).toBe("neighbour");
      }),
    );
  });

  it("keeps the memory that many blocks take flat, sealed and opened, without the collector", () => {
    const place = { key: noise("key", 32), header: noise("header", 64), number: 3 };
    const contents = [Buffer.alloc(MIB, "height "), noise("content", MIB)];
    const outside = (): number => process.memoryUsage().arrayBuffers;
    for (const content of contents) letGo(openBlock(place, sealBlock(place, content)) ?? content);
    const before = outside();
    for (const content of contents) {
      const block = sealBlock(place, content);
      for (let count = 0; count < 64; count += 1) letGo(openBlock(place, block) ?? content);
    }
    expect(outside() - before).toBeLessThan(16 * MIB);
  });
});
