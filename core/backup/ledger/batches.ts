/**
 * A backup of a ledger in batches, as it travels between the steps that share it: a plan, from which each batch goes to a step
 * of its own, and what that step has stored. A batch says all that a step needs, its chain and its cuts too, so that settings
 * that change meanwhile cannot cut one backup in two ways. All of it is JSON, and a workflow's state of 256 KiB holds the
 * largest plan and the keys of all its batches.
 */
import * as z from "zod";
import { Hash, Height } from "../../kernel/ids.ts";
import { SourceName, StreamReferenceJson } from "../vault/manifest.ts";
import { SEGMENT_BLOCKS_MAX } from "./limits.ts";
import { type PlannedSegment, planSegments } from "./plan.ts";

/** What one run of Lambda reads within its quarter of an hour, with room for standing aside. */
export const BATCH_SEGMENTS_MAX = 64;
/** 400 batches of 280 bytes, and their keys of 170, are 180 KiB. */
export const BATCHES_MAX = 400;

const Count = z.int().min(0);
const Digest = z.string().regex(/^[0-9a-f]{64}$/, "a SHA-256 in hexadecimal");

/** Blocks that were final when they were planned, by the hash of the last, and where they begin, by the hash of the block before. */
export const LedgerBatch = z
  .strictObject({
    chainId: z.int().min(1),
    blocksPerSegment: z.int().min(1).max(SEGMENT_BLOCKS_MAX),
    from: Height,
    to: Height,
    /** Null for the ledger's first block, which has no parent that could be asked for. */
    firstParentHash: Hash.nullable(),
    lastHash: Hash,
  })
  .refine(({ from, to }) => to >= from, "it ends before it begins")
  .refine(({ from, to, blocksPerSegment }) => to - from < blocksPerSegment * BATCH_SEGMENTS_MAX, `it has more than ${BATCH_SEGMENTS_MAX} segments`);
export type LedgerBatch = z.infer<typeof LedgerBatch>;

export const LedgerBatchPlan = z.strictObject({
  format: z.literal(1),
  source: SourceName,
  /** The backup that it goes on from: what is kept is read from that one and no other. */
  previous: z.strictObject({ sequence: z.int().min(1), digest: Digest }).nullable(),
  chainId: z.int().min(1),
  finalized: z.strictObject({ height: Height, hash: Hash }),
  /** Segments of that backup that this one refers to: all that end at this height or below. */
  kept: z.strictObject({ segments: Count, lastHeight: Height.nullable() }),
  batches: z.array(LedgerBatch).max(BATCHES_MAX),
  /** Segments for the next backup. */
  left: Count,
  base: z.string().max(1_000),
});
export type LedgerBatchPlan = z.infer<typeof LedgerBatchPlan>;

const StoredInBatch = z.strictObject({
  span: z.strictObject({ from: Height, to: Height, firstParentHash: Hash, lastHash: Hash }),
  /** After its last block. */
  stateRoot: Hash,
  reference: StreamReferenceJson,
  /** RFC 6962, over the ids of its chunks. */
  root: Digest,
});

/** What a step has stored of its batch. */
export const LedgerBatchSummary = z.strictObject({
  format: z.literal(1),
  source: SourceName,
  batch: LedgerBatch,
  segments: z.array(StoredInBatch).min(1).max(BATCH_SEGMENTS_MAX),
  readBytes: Count,
  chunks: Count,
  storedBytes: Count,
  newChunks: Count,
});
export type LedgerBatchSummary = z.infer<typeof LedgerBatchSummary>;

type Cutting = { readonly blocksPerSegment: number; readonly segmentsPerBatch: number; readonly batchesMax: number };

/**
 * Segments of a plan in batches that lie at fixed heights, as segments do: whoever plans again plans the same ones, and finds those
 * that are stored. A batch has no gap. `left`: segments beyond the last batch.
 */
export function cutBatches(
  segments: readonly PlannedSegment[],
  { blocksPerSegment, segmentsPerBatch, batchesMax }: Cutting,
): { batches: readonly PlannedSegment[]; left: number } {
  const placeOf = (height: number): number => Math.floor(height / (blocksPerSegment * segmentsPerBatch));
  const batches: { from: number; to: number }[] = [];
  for (const [index, { from, to }] of segments.entries()) {
    const open = batches.at(-1);
    if (open !== undefined && open.to + 1 === from && placeOf(open.from) === placeOf(from)) open.to = to;
    else if (batches.length < batchesMax) batches.push({ from, to });
    else return { batches, left: segments.length - index };
  }
  return { batches, left: 0 };
}

/** As the plan cut them. */
export function segmentsOf({ from, to, blocksPerSegment }: Pick<LedgerBatch, "from" | "to" | "blocksPerSegment">): readonly PlannedSegment[] {
  const planned = planSegments({ from, finalized: to, blocksPerSegment, stored: [], segmentsMax: BATCH_SEGMENTS_MAX });
  return planned.kind === "plan" ? planned.segments : [];
}
