import { RLP } from "@ethereumjs/rlp";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { hexOf } from "../../../../core/backup/ledger/bytes.ts";
import { RLP_DEPTH_MAX, RLP_ITEMS_MAX } from "../../../../core/backup/ledger/limits.ts";
import { decodeRlp, encodeRlp, type RlpItem } from "../../../../core/backup/ledger/rlp.ts";

const { item: anyItem } = fc.letrec<{ item: RlpItem; list: readonly RlpItem[]; string: Uint8Array }>((tie) => ({
  item: fc.oneof({ maxDepth: 5, withCrossShrink: true }, tie("string"), tie("list")),
  list: fc.array(tie("item"), { maxLength: 6 }),
  string: fc.oneof(
    fc.uint8Array({ maxLength: 3 }),
    fc.uint8Array({ minLength: 50, maxLength: 70 }),
    fc.uint8Array({ minLength: 250, maxLength: 300 }),
  ),
}));
/** Prefixes are what decoders stumble over; bytes of any value seldom begin a list. */
const anyBytes = fc.oneof(
  fc.uint8Array({ maxLength: 80 }),
  fc
    .array(fc.constantFrom(0x00, 0x01, 0x7f, 0x80, 0x81, 0xb7, 0xb8, 0xb9, 0xbf, 0xc0, 0xc1, 0xc2, 0xf7, 0xf8, 0xf9, 0xff), { maxLength: 12 })
    .map((each) => Uint8Array.from(each)),
);

type Reference = Parameters<typeof RLP.encode>[0];
function reference(bytes: Uint8Array): unknown {
  try {
    return RLP.decode(bytes);
  } catch {
    return null;
  }
}

describe("RLP", () => {
  it("encodes any item as the library of the Ethereum project does", () => {
    fc.assert(fc.property(anyItem, (item) => hexOf(encodeRlp(item)) === hexOf(RLP.encode(item as Reference))));
  });

  it("gives every item back as it was", () => {
    fc.assert(
      fc.property(anyItem, (item) => {
        expect(decodeRlp(encodeRlp(item))).toEqual({ kind: "item", item });
      }),
    );
  });

  it("accepts no bytes but the one encoding of what it read, and never throws", () => {
    fc.assert(
      fc.property(anyBytes, (bytes) => {
        const decoded = decodeRlp(bytes);
        if (decoded.kind === "item") expect(hexOf(encodeRlp(decoded.item))).toBe(hexOf(bytes));
        else expect(decoded.reason).not.toBe("");
      }),
      { numRuns: 2_000 },
    );
  });

  it("refuses nothing that the library reads and writes back as the same bytes", () => {
    fc.assert(
      fc.property(anyBytes, (bytes) => {
        const theirs = bytes.length === 0 ? null : reference(bytes);
        const canonical = theirs !== null && hexOf(RLP.encode(theirs as Reference)) === hexOf(bytes);
        expect(decodeRlp(bytes).kind).toBe(canonical ? "item" : "malformed");
      }),
      { numRuns: 2_000 },
    );
  });

  it("follows no depth that nobody needs: a megabyte of opened lists is refused at once", () => {
    const nested = (depth: number): RlpItem => (depth === 0 ? new Uint8Array(1) : [nested(depth - 1)]);
    expect(decodeRlp(encodeRlp(nested(RLP_DEPTH_MAX))).kind).toBe("item");
    expect(decodeRlp(encodeRlp(nested(RLP_DEPTH_MAX + 1)))).toMatchObject({ kind: "malformed", reason: expect.stringContaining("deeper") });
    const startedMs = performance.now();
    expect(decodeRlp(new Uint8Array(1024 * 1024).fill(0xf9)).kind).toBe("malformed");
    expect(performance.now() - startedMs).toBeLessThan(500);
  });

  it("holds no more items than a block can have, however few their bytes", () => {
    const count = RLP_ITEMS_MAX + 1;
    const bytes = new Uint8Array(count + 4).fill(0x01);
    bytes.set([0xfa, count >> 16, (count >> 8) & 0xff, count & 0xff]);
    expect(decodeRlp(bytes)).toMatchObject({ kind: "malformed", reason: expect.stringContaining("items") });
  });
});
