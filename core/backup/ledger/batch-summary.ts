/**
 * What a step says that it has stored of a batch: where that lies in a vault, how it is sealed, and whether it is the batch that was
 * planned. A backup is made of summaries only after each was held against its plan here.
 */
import { ObjectCorrupt } from "../vault/faults.ts";
import type { ObjectHeader } from "../vault/object-header.ts";
import { openList, sealList } from "../vault/sealed-list.ts";
import { BATCH_BYTES_MAX } from "../vault/sizes.ts";
import { type LedgerBatch, LedgerBatchSummary, segmentsOf } from "./batches.ts";
import { chainSegments } from "./chain.ts";

export const BATCHES_PREFIX = "batches/";
const HEIGHT_DIGITS = 12;
const KEY = /^batches\/([a-z0-9-]+\.ledger)\/(\d{12})-(\d{12})-([0-9a-f]{64})$/;

type Heights = { readonly from: number; readonly to: number };
export type BatchPlace = Heights & { readonly source: string; readonly name: string };

/** Of every summary of these blocks: one by each run that had to read them. */
export function batchPrefix(source: string, { from, to }: Heights): string {
  const [first, last] = [from, to].map((height) => String(height).padStart(HEIGHT_DIGITS, "0"));
  return `${BATCHES_PREFIX}${source}/${first}-${last}-`;
}

/** `name`: the SHA-256 of the object's bytes. */
export const batchKey = ({ source, name, ...heights }: BatchPlace): string => `${batchPrefix(source, heights)}${name}`;

/** Null for a key that is not a summary's. */
export function placeOfBatch(key: string): BatchPlace | null {
  const [, source, from, to, name] = KEY.exec(key) ?? [];
  return source === undefined || name === undefined ? null : { source, from: Number(from), to: Number(to), name };
}

export function encodeSummary(header: ObjectHeader, key: Uint8Array, summary: LedgerBatchSummary): { name: string; bytes: Buffer } {
  return sealList("batch", header, key, Buffer.from(JSON.stringify(summary), "utf8"));
}

export function decodeSummary(bytes: Buffer, object: string, vault: Uint8Array, keyOf: (header: ObjectHeader) => Uint8Array): LedgerBatchSummary {
  const text = openList({ purpose: "batch", lengthMax: BATCH_BYTES_MAX }, bytes, object, vault, keyOf).toString("utf8");
  const parsed = LedgerBatchSummary.safeParse(jsonOf(text));
  if (parsed.success) return parsed.data;
  throw new ObjectCorrupt({ object, reason: "it is not what is known of a batch" });
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Sealed by somebody who has the key, and yet no JSON: as good as JSON of another shape.
    return null;
  }
}

/** Null where the summary is of this very batch, whole: cut as planned, one chain, between the hashes that were planned. */
export function faultOfSummary({ batch, segments }: LedgerBatchSummary, planned: LedgerBatch): string | null {
  const name = `the batch of blocks ${planned.from} to ${planned.to}`;
  if (batch.chainId !== planned.chainId || batch.blocksPerSegment !== planned.blocksPerSegment)
    return `${name} is of chain ${batch.chainId} in segments of ${batch.blocksPerSegment}, planned were ${planned.chainId} and ${planned.blocksPerSegment}`;
  const spans = segments.map(({ span }) => span);
  const cuts = segmentsOf(planned);
  const asPlanned = cuts.length === spans.length && cuts.every(({ from, to }, index) => spans[index]?.from === from && spans[index]?.to === to);
  if (!asPlanned) return `${name} is not cut as planned`;
  const chained = chainSegments(spans);
  if (chained.kind !== "chained") return `${name}: ${chained.reason}`;
  const { firstParentHash, lastHash } = chained.span;
  if (lastHash !== planned.lastHash) return `${name} ends with ${lastHash}, planned was ${planned.lastHash}`;
  if (planned.firstParentHash === null || firstParentHash === planned.firstParentHash) return null;
  return `${name} goes on from ${firstParentHash}, planned was ${planned.firstParentHash}`;
}
