import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { hexOf } from "../../../../core/backup/ledger/bytes.ts";
import { LEDGER_CHECKS, type LedgerFailure } from "../../../../core/backup/ledger/failure.ts";
import { SEGMENT_BLOCKS_MAX } from "../../../../core/backup/ledger/limits.ts";
import { decodeSegment, encodeSegment, SEGMENT_HEADER_BYTES } from "../../../../core/backup/ledger/segment.ts";
import { type SegmentExpectation, type VerifiedSegment, verifySegment } from "../../../../core/backup/ledger/segment-verification.ts";
import { anyBody, CHAIN_ID, chainOf, packed, segmentOf, stateRootAt } from "../../../support/ledger-chain.ts";

const FROM = 1_000;
/** A second is enough when it holds; when it does not, a smaller example is not worth minutes. */
const SHRINKING_MS_MAX = 20_000;
const anyBodies = fc.array(anyBody, { minLength: 1, maxLength: 4 });
const expectationOf = (from: number, count: number, hashes: Partial<SegmentExpectation> = {}): SegmentExpectation => ({
  chainId: CHAIN_ID,
  from,
  to: from + count - 1,
  firstParentHash: null,
  lastHash: null,
  ...hashes,
});

/** A refusal is one of the words, in a sentence; nothing else may come out. */
function named(outcome: VerifiedSegment | LedgerFailure): LedgerFailure {
  expect(outcome.kind).toBe("failed");
  if (outcome.kind === "verified") throw new RangeError("verified");
  expect(LEDGER_CHECKS).toContain(outcome.check);
  expect(outcome.reason.length).toBeGreaterThan(10);
  return outcome;
}

describe("a segment", () => {
  it("of any blocks is verified as what was written, and read back as the same blocks", () => {
    fc.assert(
      fc.property(anyBodies, (bodies) => {
        const blocks = chainOf(FROM, bodies);
        const { bytes, span } = segmentOf(FROM, blocks);
        const verified = verifySegment(bytes, expectationOf(FROM, blocks.length, span));
        expect(verified).toMatchObject({ kind: "verified", span, blocks: blocks.length, stateRoot: stateRootAt(span.to) });
        const decoded = decodeSegment(bytes);
        expect(decoded).toMatchObject({ kind: "segment", chainId: CHAIN_ID, span });
        const originals = packed(FROM, blocks).map((block) => hexOf(block.bytes));
        expect(decoded.kind === "segment" && decoded.blocks.map(hexOf)).toEqual(originals);
      }),
    );
  });

  it("of the same blocks is the same bytes, whatever they were views into", () => {
    fc.assert(
      fc.property(anyBodies, (bodies) => {
        const first = segmentOf(FROM, chainOf(FROM, bodies)).bytes;
        const again = segmentOf(FROM, chainOf(FROM, structuredClone(bodies))).bytes;
        expect(hexOf(again)).toBe(hexOf(first));
        const shifted = new Uint8Array(first.length + 3);
        shifted.set(first, 3);
        expect(verifySegment(shifted.subarray(3), expectationOf(FROM, bodies.length)).kind).toBe("verified");
      }),
      { numRuns: 30 },
    );
  });

  it("with any single bit turned is refused, and the refusal names what is wrong", () => {
    fc.assert(
      fc.property(anyBodies, fc.nat(), fc.integer({ min: 0, max: 7 }), (bodies, place, bit) => {
        const { bytes, span } = segmentOf(FROM, chainOf(FROM, bodies));
        const at = place % bytes.length;
        bytes[at] = (bytes[at] ?? 0) ^ (1 << bit);
        named(verifySegment(bytes, expectationOf(FROM, bodies.length, span)));
      }),
      { numRuns: 400, interruptAfterTimeLimit: SHRINKING_MS_MAX },
    );
  });

  it("with any single byte changed is refused although nobody else vouches for its hashes", () => {
    const bodies = fc.sample(anyBody, { seed: 7, numRuns: 40 }).filter(({ transactions }) => transactions.length > 1);
    const blocks = chainOf(FROM, bodies.slice(0, 2));
    const { bytes } = segmentOf(FROM, blocks);
    for (let at = 0; at < bytes.length; at += 1) {
      const changed = bytes.slice();
      changed[at] = (changed[at] ?? 0) ^ 0x55;
      const outcome = verifySegment(changed, expectationOf(FROM, blocks.length));
      if (outcome.kind === "verified") throw new RangeError(`byte ${at} of ${bytes.length} is bound by nothing`);
      named(outcome);
    }
  });

  it("cut anywhere is truncated, and with anything behind it has trailing bytes", () => {
    fc.assert(
      fc.property(anyBodies, fc.nat(), fc.uint8Array({ minLength: 1, maxLength: 50 }), (bodies, place, more) => {
        const { bytes } = segmentOf(FROM, chainOf(FROM, bodies));
        const expected = expectationOf(FROM, bodies.length);
        expect(named(verifySegment(bytes.subarray(0, place % bytes.length), expected)).check).toBe("truncated");
        const longer = new Uint8Array(bytes.length + more.length);
        longer.set(bytes);
        longer.set(more, bytes.length);
        expect(named(verifySegment(longer, expected)).check).toBe("trailing-bytes");
      }),
      { numRuns: 60 },
    );
  });

  it("with two blocks exchanged is refused at their height", () => {
    fc.assert(
      fc.property(fc.array(anyBody, { minLength: 2, maxLength: 4 }), fc.nat(), (bodies, place) => {
        const { bytes } = segmentOf(FROM, chainOf(FROM, bodies));
        const decoded = decodeSegment(bytes);
        if (decoded.kind === "failed") throw new RangeError(decoded.reason);
        const index = place % (bodies.length - 1);
        const order = decoded.blocks.with(index, decoded.blocks[index + 1] ?? bytes).with(index + 1, decoded.blocks[index] ?? bytes);
        const mixed = joined(bytes, order);
        expect(named(verifySegment(mixed, expectationOf(FROM, bodies.length)))).toMatchObject({ check: "height", height: FROM + index + 1 });
      }),
      { numRuns: 50 },
    );
  });

  it("of any bytes at all is refused by name, and nothing is thrown", () => {
    const { bytes } = segmentOf(FROM, chainOf(FROM, fc.sample(anyBody, { seed: 3, numRuns: 3 })));
    const head = bytes.slice(0, SEGMENT_HEADER_BYTES);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), fc.boolean(), (tail, begun) => {
        const whole = begun ? Uint8Array.from([...head, ...tail]) : tail;
        named(verifySegment(whole, expectationOf(FROM, 3)));
      }),
      { numRuns: 1_000 },
    );
    const blocks = fc.array(fc.uint8Array({ maxLength: 300 }), { minLength: 3, maxLength: 3 });
    fc.assert(
      fc.property(blocks, (payloads) => void named(verifySegment(joined(bytes, payloads), expectationOf(FROM, 3)))),
      { numRuns: 500 },
    );
  });

  it("that is not what was asked for is refused: other chain, other heights, other hashes", () => {
    const blocks = chainOf(FROM, fc.sample(anyBody, { seed: 5, numRuns: 3 }));
    const { bytes, span } = segmentOf(FROM, blocks);
    const whole = expectationOf(FROM, 3, span);
    const other = `0x${"ab".repeat(32)}`;
    expect(named(verifySegment(bytes, { ...whole, chainId: 1 }))).toMatchObject({ check: "chain-id" });
    expect(named(verifySegment(bytes, { ...whole, from: FROM - 1 }))).toMatchObject({ check: "height" });
    expect(named(verifySegment(bytes, { ...whole, to: FROM + 3 }))).toMatchObject({ check: "height" });
    expect(named(verifySegment(bytes, { ...whole, lastHash: other }))).toMatchObject({ check: "header-hash", height: FROM + 2 });
    expect(named(verifySegment(bytes, { ...whole, firstParentHash: other }))).toMatchObject({ check: "parent-link", height: FROM });
    const later = bytes.slice();
    later[5] = 2;
    expect(named(verifySegment(later, whole))).toMatchObject({ check: "version" });
    later[0] = 0;
    expect(named(verifySegment(later, whole))).toMatchObject({ check: "format" });
  });

  it("is not written without blocks, with too many, or across a broken link", () => {
    const blocks = packed(FROM, chainOf(FROM, fc.sample(anyBody, { seed: 11, numRuns: 3 })));
    const others = packed(FROM, chainOf(FROM, fc.sample(anyBody, { seed: 12, numRuns: 3 })));
    expect(encodeSegment(CHAIN_ID, [])).toMatchObject({ kind: "failed", check: "oversize" });
    const [first] = blocks;
    if (first === undefined) throw new RangeError("no block");
    expect(encodeSegment(CHAIN_ID, Array(SEGMENT_BLOCKS_MAX + 1).fill(first))).toMatchObject({ check: "oversize" });
    expect(encodeSegment(CHAIN_ID, [first, ...others.slice(1)])).toMatchObject({ check: "parent-link", height: FROM + 1 });
    expect(encodeSegment(CHAIN_ID, [first, ...blocks.slice(2)])).toMatchObject({ check: "height", height: FROM + 1 });
  });
});

function joined(bytes: Uint8Array, blocks: readonly Uint8Array[]): Uint8Array {
  const parts = blocks.flatMap((block) => {
    const length = new Uint8Array(4);
    new DataView(length.buffer).setUint32(0, block.length);
    return [length, block];
  });
  return new Uint8Array(Buffer.concat([bytes.subarray(0, SEGMENT_HEADER_BYTES), ...parts]));
}
