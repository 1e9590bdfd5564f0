/**
 * A segment: a fixed number of blocks in one piece of bytes, and only those bytes for those blocks. Big-endian throughout:
 *
 *     "SHLS" | version 2 | chain id 8 | from 8 | to 8 | first block's parent 32 | last block's hash 32
 *     then per block: length 4 | RLP [header, [transaction], [receipt], [withdrawal] or "", [ommer]]
 *
 * Decoding splits; it believes nothing and judges nothing but lengths. `verifySegment` is what a segment is trusted by.
 */
import { encodeBlock, type LedgerBlock } from "./block.ts";
import { hexOf, keccak, sameBytes } from "./bytes.ts";
import { failed, type LedgerFailure } from "./failure.ts";
import { decodeHeader } from "./header.ts";
import { BLOCK_BYTES_MAX, SEGMENT_BLOCKS_MAX, SEGMENT_BYTES_MAX } from "./limits.ts";

/** What is remembered of a segment beside its bytes, and what it is chained by. */
export type SegmentSpan = { readonly from: number; readonly to: number; readonly firstParentHash: string; readonly lastHash: string };

const MAGIC = 0x53_48_4c_53;
export const SEGMENT_VERSION = 1;
const HASH_BYTES = 32;
export const SEGMENT_HEADER_BYTES = 4 + 2 + 3 * 8 + 2 * HASH_BYTES;
const LENGTH_BYTES = 4;

/** A block in its final bytes, with what it is linked by: what is held of it until its segment is whole. */
export type PackedBlock = {
  readonly kind: "packed";
  readonly height: number;
  readonly hash: Uint8Array;
  readonly parentHash: Uint8Array;
  readonly bytes: Uint8Array;
};

export function packBlock(block: LedgerBlock, height: number): PackedBlock | LedgerFailure {
  const decoded = decodeHeader(block.header);
  if (decoded.kind === "refused") return failed("header-fields", height, decoded.reason);
  if (decoded.header.height !== height) return failed("height", height, `its header says ${decoded.header.height}`);
  const bytes = encodeBlock(block);
  if (bytes.length > BLOCK_BYTES_MAX) return failed("oversize", height, `${bytes.length} bytes; a block has at most ${BLOCK_BYTES_MAX}`);
  return { kind: "packed", height, hash: keccak(block.header), parentHash: decoded.header.parentHash, bytes };
}

export type EncodedSegment = { readonly kind: "encoded"; readonly bytes: Uint8Array; readonly span: SegmentSpan };

/** Refuses what is not one chain of consecutive blocks: a segment that cannot be verified is not written. */
export function encodeSegment(chainId: number, blocks: readonly PackedBlock[]): EncodedSegment | LedgerFailure {
  const [first, last] = [blocks[0], blocks.at(-1)];
  if (first === undefined || last === undefined || blocks.length > SEGMENT_BLOCKS_MAX) {
    return failed("oversize", null, `a segment has 1 to ${SEGMENT_BLOCKS_MAX} blocks, not ${blocks.length}`);
  }
  for (const [index, block] of blocks.entries()) {
    const before = blocks[index - 1];
    if (before === undefined) continue;
    if (block.height !== before.height + 1) return failed("height", before.height + 1, `block ${block.height} stands in its place`);
    if (sameBytes(block.parentHash, before.hash)) continue;
    return failed("parent-link", block.height, `its parent is ${hexOf(block.parentHash)}, block ${before.height} is ${hexOf(before.hash)}`);
  }
  const total = blocks.reduce((sum, { bytes }) => sum + LENGTH_BYTES + bytes.length, SEGMENT_HEADER_BYTES);
  if (total > SEGMENT_BYTES_MAX) return failed("oversize", null, `${total} bytes; a segment has at most ${SEGMENT_BYTES_MAX}`);
  const span = { from: first.height, to: last.height, firstParentHash: hexOf(first.parentHash), lastHash: hexOf(last.hash) };
  return { kind: "encoded", bytes: written(chainId, span, [first.parentHash, last.hash], blocks, total), span };
}

function written(chainId: number, span: SegmentSpan, hashes: readonly Uint8Array[], blocks: readonly PackedBlock[], total: number): Uint8Array {
  const bytes = new Uint8Array(total);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, MAGIC);
  view.setUint16(4, SEGMENT_VERSION);
  for (const [index, value] of [chainId, span.from, span.to].entries()) view.setBigUint64(6 + 8 * index, BigInt(value));
  for (const [index, hash] of hashes.entries()) bytes.set(hash, 30 + HASH_BYTES * index);
  let at = SEGMENT_HEADER_BYTES;
  for (const block of blocks) {
    view.setUint32(at, block.bytes.length);
    bytes.set(block.bytes, at + LENGTH_BYTES);
    at += LENGTH_BYTES + block.bytes.length;
  }
  return bytes;
}

export type DecodedSegment = {
  readonly kind: "segment";
  readonly chainId: number;
  readonly span: SegmentSpan;
  /** One block's RLP each, as views into the segment's bytes, in order of height. */
  readonly blocks: readonly Uint8Array[];
};

export function decodeSegment(bytes: Uint8Array): DecodedSegment | LedgerFailure {
  if (bytes.length > SEGMENT_BYTES_MAX) return failed("oversize", null, `${bytes.length} bytes; a segment has at most ${SEGMENT_BYTES_MAX}`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < SEGMENT_HEADER_BYTES) return failed("truncated", null, `${bytes.length} bytes, fewer than a segment's head has`);
  if (view.getUint32(0) !== MAGIC) return failed("format", null, "it does not begin as a segment does");
  const version = view.getUint16(4);
  if (version !== SEGMENT_VERSION) return failed("version", null, `it is of version ${version}, this reads version ${SEGMENT_VERSION}`);
  const [chainId, from, to] = [6, 14, 22].map((at) => Number(view.getBigUint64(at)));
  if (chainId === undefined || from === undefined || to === undefined || ![chainId, from, to].every(Number.isSafeInteger)) {
    return failed("height", null, "its chain id or its heights are beyond 2^53");
  }
  if (to < from || to - from >= SEGMENT_BLOCKS_MAX)
    return failed("height", null, `it says ${from} to ${to}; a segment has 1 to ${SEGMENT_BLOCKS_MAX} blocks`);
  const split = splitBlocks(bytes, view, { from, to });
  if (!Array.isArray(split)) return split;
  const hashAt = (at: number): string => hexOf(bytes.subarray(at, at + HASH_BYTES));
  return { kind: "segment", chainId, span: { from, to, firstParentHash: hashAt(30), lastHash: hashAt(30 + HASH_BYTES) }, blocks: split };
}

function splitBlocks(bytes: Uint8Array, view: DataView, { from, to }: { from: number; to: number }): Uint8Array[] | LedgerFailure {
  const blocks: Uint8Array[] = [];
  let at = SEGMENT_HEADER_BYTES;
  for (let height = from; height <= to; height += 1) {
    if (at + LENGTH_BYTES > bytes.length) return failed("truncated", height, "the segment ends before it");
    const length = view.getUint32(at);
    if (length > BLOCK_BYTES_MAX) return failed("oversize", height, `${length} bytes; a block has at most ${BLOCK_BYTES_MAX}`);
    const start = at + LENGTH_BYTES;
    if (start + length > bytes.length) return failed("truncated", height, `it has ${length} bytes, ${bytes.length - start} are left`);
    blocks.push(bytes.subarray(start, start + length));
    at = start + length;
  }
  return at < bytes.length ? failed("trailing-bytes", null, `${bytes.length - at} bytes follow block ${to}`) : blocks;
}
