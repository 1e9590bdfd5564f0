/**
 * What makes a segment trusted, when it was read from a node and when it is restored: it is what was asked for, and each
 * block is the one that its child names. The walk goes from the last block backwards, because only the last one's hash is
 * known from elsewhere; so a fault is named at the very block that has it, and not at its neighbour.
 */
import { decodeBlock } from "./block.ts";
import { verifyBlock } from "./block-verification.ts";
import { failed, type LedgerFailure } from "./failure.ts";
import { type DecodedSegment, decodeSegment, type SegmentSpan } from "./segment.ts";

/** Hashes are null where nobody has vouched for them yet: then the segment's own word is taken, and it is consistent rather than right. */
export type SegmentExpectation = {
  readonly chainId: number;
  readonly from: number;
  readonly to: number;
  readonly firstParentHash: string | null;
  readonly lastHash: string | null;
};

export type VerifiedSegment = {
  readonly kind: "verified";
  readonly span: SegmentSpan;
  readonly blocks: number;
  readonly transactions: number;
  /** After the last block: from its header, which hashes to `span.lastHash`. */
  readonly stateRoot: string;
  readonly reason: string;
};

export function verifySegment(bytes: Uint8Array, expected: SegmentExpectation): VerifiedSegment | LedgerFailure {
  const segment = decodeSegment(bytes);
  if (segment.kind === "failed") return segment;
  const other = differenceFrom(segment, expected);
  if (other) return other;
  let trusted = segment.span.lastHash;
  let transactions = 0;
  let stateRoot: string | null = null;
  for (let height = segment.span.to; height >= segment.span.from; height -= 1) {
    const decoded = decodeBlock(segment.blocks[height - segment.span.from] ?? new Uint8Array(0));
    if (decoded.kind !== "block") return failed(decoded.kind, height, decoded.reason);
    const verified = verifyBlock(decoded.block, { chainId: segment.chainId, height, hash: trusted });
    if (verified.kind === "failed") return verified;
    trusted = verified.parentHash;
    stateRoot ??= verified.stateRoot;
    transactions += decoded.block.transactions.length;
  }
  if (stateRoot === null) return failed("truncated", null, "it has no block");
  const { from, to, firstParentHash, lastHash } = segment.span;
  if (trusted !== firstParentHash) {
    return failed("parent-link", from, `its parent is ${trusted}, the segment's head says ${firstParentHash}`);
  }
  const reason = `blocks ${from} to ${to}, ${transactions} transactions, re-hashed from ${lastHash} to ${firstParentHash}`;
  return { kind: "verified", span: segment.span, blocks: segment.blocks.length, transactions, stateRoot, reason };
}

function differenceFrom({ chainId, span }: DecodedSegment, expected: SegmentExpectation): LedgerFailure | null {
  if (chainId !== expected.chainId) return failed("chain-id", null, `it is of chain ${chainId}, expected ${expected.chainId}`);
  if (span.from !== expected.from || span.to !== expected.to) {
    return failed("height", null, `it says blocks ${span.from} to ${span.to}, expected ${expected.from} to ${expected.to}`);
  }
  if (expected.lastHash !== null && span.lastHash !== expected.lastHash) {
    return failed("header-hash", span.to, `the segment's head says ${span.lastHash}, expected ${expected.lastHash}`);
  }
  if (expected.firstParentHash !== null && span.firstParentHash !== expected.firstParentHash) {
    return failed("parent-link", span.from, `the segment's head says its parent is ${span.firstParentHash}, expected ${expected.firstParentHash}`);
  }
  return null;
}
