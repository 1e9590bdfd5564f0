/**
 * Reads the planned segments from the node, one after the other, at the pace that the node can bear, and writes each into the
 * vault. Before each it is asked how far the node is behind: a backup stands aside rather than hold the head up.
 */

import type { Content, ListedEntry } from "../../core/backup/directory/listing-format.ts";
import { FIRST_PACE, type Pace, paceLedgerRead } from "../../core/backup/ledger/pace.ts";
import type { PlannedSegment } from "../../core/backup/ledger/plan.ts";
import type { SegmentSpan } from "../../core/backup/ledger/segment.ts";
import { segmentName } from "../../core/backup/ledger/segment-name.ts";
import { LedgerRefused, LedgerUnavailable } from "../../core/kernel/errors.ts";
import type { LedgerGiven, ReadingOrder } from "./ledger-order.ts";
import { readFrom } from "./stream-writer.ts";
import type { VaultWriter } from "./vault-writer.ts";

type Entry = Extract<ListedEntry, { kind: "file" }>;
/** `stateRoot`: after its last block; null where it was stored by an earlier backup, which says no more than its name. */
export type StoredSegment = { readonly span: SegmentSpan; readonly entry: Entry; readonly stateRoot: string | null };
export type ReadSegment = StoredSegment & { readonly stateRoot: string };

/** `known`: what is known of the chain's hashes without the node that is read, by height. */
type Reading = { readonly segments: readonly PlannedSegment[]; readonly chainId: number; readonly known: ReadonlyMap<number, string> };

export async function readSegments(
  given: LedgerGiven,
  writer: VaultWriter,
  order: ReadingOrder,
  { segments, chainId, known }: Reading,
): Promise<{ stored: readonly ReadSegment[]; readBytes: number; chunks: number }> {
  const stored: ReadSegment[] = [];
  const sum = { readBytes: 0, chunks: 0 };
  const told = await endsOf(segments, known, order);
  const hashes = new Map(known);
  let pace: Pace = FIRST_PACE;
  let latencyMs: number | null = null;
  for (const { from, to } of segments) {
    pace = await standAside(given, order, pace, latencyMs);
    const expected = { chainId, from, to, firstParentHash: hashes.get(from - 1) ?? null, lastHash: told.get(to) ?? null };
    const options = { timeoutMs: order.requestMs, concurrency: pace.concurrency, ...(given.signal ? { signal: given.signal } : {}) };
    const read = await order.ledger.readSegment(expected, options);
    if (read.kind === "failed") throw new LedgerRefused({ reason: read.reason });
    if (read.kind !== "segment") throw new LedgerUnavailable({ reason: read.reason });
    latencyMs = read.slowestMs;
    const { span, stateRoot } = read.verified;
    hashes.set(span.to, span.lastHash);
    const { reference, root, chunks } = await writer.write(readFrom(read.bytes));
    sum.readBytes += read.bytes.length;
    sum.chunks += chunks;
    stored.push({ span, entry: entryOf(span, { reference, root }), stateRoot });
    given.onSegment?.(span);
  }
  return { stored, ...sum };
}

/** The node's word on where the segments end, asked at once: what they are read against, if nothing else is known. */
async function endsOf(
  segments: readonly PlannedSegment[],
  known: ReadonlyMap<number, string>,
  { ledger, requestMs }: ReadingOrder,
): Promise<ReadonlyMap<number, string>> {
  const told = await ledger.hashesAt(
    segments.map(({ to }) => to),
    { timeoutMs: requestMs },
  );
  if (told.kind !== "hashes") throw new LedgerUnavailable({ reason: told.reason });
  for (const [height, hash] of told.hashes) {
    const expected = known.get(height) ?? hash;
    if (hash !== expected) throw new LedgerRefused({ reason: `the node's block ${height} is ${hash}, it was to be ${expected}` });
  }
  return new Map([...told.hashes, ...known]);
}

/** Waits until the node can bear it, and answers with the pace to read at. */
async function standAside({ clock, signal }: LedgerGiven, order: ReadingOrder, before: Pace, latencyMs: number | null): Promise<Pace> {
  let pace = before;
  for (let slowest = latencyMs; ; slowest = null) {
    signal?.throwIfAborted();
    const decided = paceLedgerRead(pace, { lagBlocks: await order.lagBlocks(), latencyMs: slowest, faults: 0 }, order.pace);
    pace = decided.pace;
    if (decided.kind === "read") return pace;
    await clock.sleep(decided.waitMs, signal);
  }
}

export function entryOf(span: SegmentSpan, content: Content): Entry {
  const { lengthBytes } = content.reference;
  const stamp = { sizeBytes: lengthBytes, mtimeNs: 0n, ctimeNs: 0n, inode: 0n, device: 0n };
  return { kind: "file", name: segmentName(span), mode: 0o644, userId: 0, groupId: 0, mtimeNs: 0n, lengthBytes, holes: [], stamp, content };
}
