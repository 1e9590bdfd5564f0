/**
 * One segment of one node: its blocks are read a few at a time, several requests at once, put together and verified in the
 * very bytes that are handed out. The first fault ends the rest, so that a node in trouble is left alone at once.
 */
import { failed, type LedgerFailure } from "../core/backup/ledger/failure.ts";
import { SEGMENT_BLOCKS_MAX, SEGMENT_BYTES_MAX } from "../core/backup/ledger/limits.ts";
import { encodeSegment, type PackedBlock } from "../core/backup/ledger/segment.ts";
import { type SegmentExpectation, type VerifiedSegment, verifySegment } from "../core/backup/ledger/segment-verification.ts";
import { InputInvalid } from "../core/kernel/errors.ts";
import { type BlocksOptions, type BlocksRead, readBlocks } from "./ledger-evm-blocks.ts";
import type { LedgerCalls, LedgerFault } from "./ledger-evm-calls.ts";

/** Few enough that a node answers within a second or two, many enough that the way there and back is not what takes the time. */
const BLOCKS_PER_REQUEST = 8;
/** Beyond this a node spends its time on us rather than on its blocks. */
export const CONCURRENCY_MAX = 16;

export type SegmentRead = { readonly kind: "segment"; readonly bytes: Uint8Array; readonly verified: VerifiedSegment; readonly slowestMs: number };
/** `timeoutMs` is each request's; the whole ends by `signal`. */
export type ReadOptions = BlocksOptions & { readonly concurrency: number };
type Refused = LedgerFault | LedgerFailure;

export async function readSegment(calls: LedgerCalls, expected: SegmentExpectation, options: ReadOptions): Promise<SegmentRead | Refused> {
  const { from, to } = expected;
  if (!Number.isSafeInteger(from) || from < 0 || !Number.isSafeInteger(to) || to < from || to - from >= SEGMENT_BLOCKS_MAX) {
    throw new InputInvalid({ where: "segment", faults: [`blocks ${from} to ${to} are not 1 to ${SEGMENT_BLOCKS_MAX} blocks`] });
  }
  const read = await readAll(calls, { from, to }, options);
  if (read.kind !== "blocks") return read;
  const encoded = encodeSegment(expected.chainId, read.blocks);
  if (encoded.kind === "failed") return encoded;
  const verified = verifySegment(encoded.bytes, expected);
  return verified.kind === "failed" ? verified : { kind: "segment", bytes: encoded.bytes, verified, slowestMs: read.slowestMs };
}

async function readAll(calls: LedgerCalls, { from, to }: { from: number; to: number }, options: ReadOptions): Promise<BlocksRead | Refused> {
  const ended = new AbortController();
  const signal = options.signal ? AbortSignal.any([options.signal, ended.signal]) : ended.signal;
  const blocks: PackedBlock[] = [];
  const sum = { bytes: 0, slowestMs: 0, next: from };
  let first: Refused | null = null;
  const worker = async (): Promise<void> => {
    while (sum.next <= to && first === null) {
      const start = sum.next;
      sum.next = Math.min(to + 1, start + BLOCKS_PER_REQUEST);
      const read = await readBlocks(calls, { from: start, to: sum.next - 1 }, { ...options, signal });
      const refused = read.kind === "blocks" ? keep(read) : read;
      if (refused === null) continue;
      first ??= refused;
      ended.abort();
    }
  };
  const keep = (read: BlocksRead): Refused | null => {
    for (const block of read.blocks) {
      blocks[block.height - from] = block;
      sum.bytes += block.bytes.length;
    }
    sum.slowestMs = Math.max(sum.slowestMs, read.slowestMs);
    return sum.bytes <= SEGMENT_BYTES_MAX ? null : failed("oversize", null, `more than ${SEGMENT_BYTES_MAX} bytes: cut segments of fewer blocks`);
  };
  const workers = Math.max(1, Math.min(CONCURRENCY_MAX, Math.trunc(options.concurrency)));
  await Promise.all(Array.from({ length: workers }, worker));
  return first ?? { kind: "blocks", blocks, slowestMs: sum.slowestMs };
}
