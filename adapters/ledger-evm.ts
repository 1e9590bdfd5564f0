/**
 * The ledger of one EVM node, read by RPC: its final block by name, its hashes at given heights, and whole segments. A
 * segment that is handed out was verified in the very bytes that are handed out. Whatever the node does becomes a value,
 * within a time and a number of bytes for each request, and as many requests at once as the caller's pace allows.
 */
import type { LedgerFailure } from "../core/backup/ledger/failure.ts";
import type { SegmentExpectation } from "../core/backup/ledger/segment-verification.ts";
import { InputInvalid } from "../core/kernel/errors.ts";
import type { Fleet } from "../core/kernel/fleet.ts";
import type { BlockRef } from "../core/kernel/node.ts";
import { type Answers, type AskOptions, erred, fault, hexHeight, type LedgerCalls, type LedgerFault, ledgerCalls } from "./ledger-evm-calls.ts";
import { CONCURRENCY_MAX, type ReadOptions, readSegment, type SegmentRead } from "./ledger-evm-segment.ts";
import { readBlockRef, readQuantity } from "./node-evm-reply.ts";

/** Blocks without their transactions' fields: their hashes are what makes them large. */
const REFS_PER_REQUEST = 32;
const REFS_BYTES_MAX = 8 * 1024 * 1024;
/** More heights than any sample or any list of segments' ends that is compared at once. */
const HEIGHTS_MAX = 16_384;

export type FinalBlock = {
  readonly kind: "final";
  readonly chainId: number;
  readonly head: BlockRef;
  readonly finalized: BlockRef;
  readonly latencyMs: number;
};
export type HashesRead = { readonly kind: "hashes"; readonly hashes: ReadonlyMap<number, string>; readonly latencyMs: number };

export interface EvmLedger {
  finalBlock(options: AskOptions): Promise<FinalBlock | LedgerFault>;
  /** A height that the node does not have is absent from the map. */
  hashesAt(heights: readonly number[], options: AskOptions): Promise<HashesRead | LedgerFault>;
  readSegment(expected: SegmentExpectation, options: ReadOptions): Promise<SegmentRead | LedgerFault | LedgerFailure>;
  close(): void;
}

type Finality = Fleet["chain"]["finality"];

/** With a finality of `depth`, what is final is counted from the head and the node's own `finalized` is not asked. */
export function evmLedger({ url, finality = { kind: "tag" } }: { readonly url: string; readonly finality?: Finality }): EvmLedger {
  const calls = ledgerCalls(url, CONCURRENCY_MAX);
  return {
    finalBlock: (options) => finalBlock(calls, finality, options),
    hashesAt: (heights, options) => hashesAt(calls, heights, options),
    readSegment: (expected, options) => readSegment(calls, expected, options),
    close: () => calls.close(),
  };
}

async function askRefs(calls: LedgerCalls, tags: readonly string[], options: AskOptions): Promise<Answers | LedgerFault> {
  const questions = tags.map((tag) => ({ method: "eth_getBlockByNumber", params: [tag, false] }));
  return calls.ask([{ method: "eth_chainId", params: [] }, ...questions], { ...options, bytesMax: REFS_BYTES_MAX });
}

async function finalBlock(calls: LedgerCalls, finality: Finality, options: AskOptions): Promise<FinalBlock | LedgerFault> {
  const first = await askRefs(calls, finality.kind === "tag" ? ["latest", "finalized"] : ["latest"], options);
  if (first.kind !== "answers") return first;
  const [chainId, head] = [readQuantity(first.of(0)), readBlockRef(first.of(1))];
  if (head === null || chainId === null) return fault("malformed", null, "the node does not say which chain it is on, or which head it has");
  const depth = finality.kind === "tag" ? null : Math.max(0, head.height - finality.blocks);
  const second = depth === null ? first : await askRefs(calls, [hexHeight(depth)], options);
  if (second.kind !== "answers") return second;
  const place = depth === null ? 2 : 1;
  const error = second.errorOf(place);
  if (error) return erred("the node does not say what is final", null, error);
  const told = second.of(place);
  if (told === null || told === undefined) return fault("absent", null, "the node has no final block yet");
  const finalized = readBlockRef(told);
  if (finalized === null || finalized.height > head.height || (depth !== null && finalized.height !== depth)) {
    return fault("malformed", null, `what the node calls final is no block at or below its head ${head.height}`);
  }
  return { kind: "final", chainId, head, finalized, latencyMs: Math.max(first.latencyMs, second.latencyMs) };
}

async function hashesAt(calls: LedgerCalls, heights: readonly number[], options: AskOptions): Promise<HashesRead | LedgerFault> {
  if (heights.length > HEIGHTS_MAX) throw new InputInvalid({ where: "heights", faults: [`at most ${HEIGHTS_MAX} at once, not ${heights.length}`] });
  const hashes = new Map<number, string>();
  let latencyMs = 0;
  for (let start = 0; start < heights.length; start += REFS_PER_REQUEST) {
    const some = heights.slice(start, start + REFS_PER_REQUEST);
    const answers = await askRefs(calls, some.map(hexHeight), options);
    if (answers.kind !== "answers") return answers;
    for (const [index, height] of some.entries()) {
      const error = answers.errorOf(index + 1);
      if (error) return erred("the node refuses the block", height, error);
      const told = answers.of(index + 1);
      if (told === null || told === undefined) continue;
      const ref = readBlockRef(told);
      if (ref === null || ref.height !== height) return fault("malformed", height, "the node answers with another block, or with none");
      hashes.set(height, ref.hash);
    }
    latencyMs = Math.max(latencyMs, answers.latencyMs);
  }
  return { kind: "hashes", hashes, latencyMs };
}
