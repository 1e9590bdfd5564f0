/** A pack says what it holds, and whatever is wrong with it has a name: damaged, cut off, exchanged, foreign, or of another format. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { HEADER_BYTES, type ObjectHeader } from "../../../../core/backup/vault/object-header.ts";
import { judgePack, readPackTable } from "../../../../core/backup/vault/pack.ts";
import { openBlock } from "../../../../core/backup/vault/sealing.ts";
import { noise } from "../../../support/noise.ts";
import { keyring, packOf, strangersKeyring } from "../../../support/vault-objects.ts";

const keyOf = (header: ObjectHeader): Uint8Array => keyring.keyOf("pack", header, "the pack");
const contents = [noise(1, 20_000), Buffer.from("height 12 ".repeat(900)), noise(2, 9_000)];
const { bytes, pack } = packOf(contents);
const judge = (found: Buffer): Error => judgePack(found, { ...pack, vault: keyring.vault }, "the pack", keyOf);

describe("a pack", () => {
  it("tells its blocks from its own end", () => {
    expect(readPackTable(bytes, "the pack", keyring.vault, keyOf).blocks).toEqual(pack.blocks);
  });

  it("gives back what went in", () => {
    let at = HEADER_BYTES;
    for (const [number, block] of pack.blocks.entries()) {
      const sealed = bytes.subarray(at, at + block.sealedBytes);
      const place = { key: keyOf({ vault: keyring.vault, epoch: 1, salt: pack.salt }), header: bytes.subarray(0, HEADER_BYTES), number };
      expect(openBlock(place, { ...block, sealed })).toEqual(contents[number]);
      expect(openBlock({ ...place, number: number + 1 }, { ...block, sealed })).toBeNull();
      at += block.sealedBytes;
    }
  });

  it("is named as damaged wherever a bit is flipped, and never read", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: bytes.length - 1 }), fc.integer({ min: 0, max: 7 }), (at, bit) => {
        const flipped = Buffer.from(bytes);
        flipped[at] = (flipped[at] as number) ^ (1 << bit);
        const inVault = at >= 8 && at < 24;
        const inVersion = at === 7;
        expect(judge(flipped).name).toBe(inVault ? "ObjectForeign" : inVersion ? "FormatUnknown" : "ObjectCorrupt");
      }),
    );
  });

  it("is named as truncated wherever it was cut off", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: bytes.length - 1 }), (length) => {
        expect(judge(bytes.subarray(0, length)).name).toBe("ObjectTruncated");
      }),
    );
  });

  it("is named as misplaced where another pack of the vault stands", () => {
    expect(judge(packOf([noise(9, 20_000), noise(8, 9_000)], keyring, 1).bytes).name).toBe("ObjectMisplaced");
  });

  it("is named as foreign where another vault's pack stands", () => {
    expect(judge(packOf(contents, strangersKeyring).bytes).name).toBe("ObjectForeign");
  });

  it("never makes a reader throw anything but a fault of the vault", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (tail) => {
        const made = Buffer.concat([bytes.subarray(0, HEADER_BYTES), tail]);
        expect(() => readPackTable(made, "the pack", keyring.vault, keyOf)).toThrow(/^the pack /);
      }),
    );
  });
});
