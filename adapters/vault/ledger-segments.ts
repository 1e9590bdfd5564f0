/**
 * Reads the planned segments from the node, one after the other, at the pace that the node can bear, and writes each into the
 * vault. Before each it is asked how far the node is behind: a backup stands aside rather than hold the head up.
 */
import type { ListedEntry } from "../../core/backup/directory/listing-format.ts";
import { FIRST_PACE, type Pace, paceLedgerRead } from "../../core/backup/ledger/pace.ts";
import type { SegmentSpan } from "../../core/backup/ledger/segment.ts";
import { segmentName } from "../../core/backup/ledger/segment-name.ts";
import type { Clock } from "../../core/kernel/ports.ts";
import type { FinalBlock } from "../ledger-evm.ts";
import type { LedgerOrder } from "./backup-ledger.ts";
import type { BackupRun } from "./backup-run.ts";
import { LedgerRefused, LedgerUnavailable } from "./ledger-faults.ts";
import { readFrom } from "./stream-writer.ts";

type Entry = Extract<ListedEntry, { kind: "file" }>;
export type StoredSegment = { readonly span: SegmentSpan; readonly entry: Entry };
type Given = { readonly clock: Clock; readonly signal?: AbortSignal; readonly onSegment?: (span: SegmentSpan) => void };

type Reading = { readonly segments: readonly { from: number; to: number }[]; readonly final: FinalBlock; readonly below: readonly SegmentSpan[] };

export async function readSegments(
  { clock, signal, onSegment }: Given,
  run: BackupRun,
  order: LedgerOrder,
  { segments, final, below }: Reading,
): Promise<{ entries: readonly StoredSegment[]; readBytes: number; chunks: number }> {
  const { ledger, requestMs } = order;
  const entries: StoredSegment[] = [];
  const sum = { readBytes: 0, chunks: 0 };
  const hashes = await ledger.hashesAt(
    segments.map(({ to }) => to),
    { timeoutMs: requestMs },
  );
  if (hashes.kind !== "hashes") throw new LedgerUnavailable({ reason: hashes.reason });
  let pace: Pace = FIRST_PACE;
  let latencyMs: number | null = null;
  /** By the height at which it ends. */
  const hashBelow = new Map(below.map(({ to, lastHash }) => [to, lastHash]));
  for (const { from, to } of segments) {
    for (;;) {
      signal?.throwIfAborted();
      const decided = paceLedgerRead(pace, { lagBlocks: await order.lagBlocks(), latencyMs, faults: 0 }, order.pace);
      pace = decided.pace;
      latencyMs = null;
      if (decided.kind === "read") break;
      await clock.sleep(decided.waitMs, signal);
    }
    const firstParentHash = hashBelow.get(from - 1) ?? null;
    const expected = { chainId: final.chainId, from, to, firstParentHash, lastHash: hashes.hashes.get(to) ?? null };
    const read = await ledger.readSegment(expected, { timeoutMs: requestMs, concurrency: pace.concurrency, ...(signal ? { signal } : {}) });
    if (read.kind === "failed") throw new LedgerRefused({ reason: read.reason });
    if (read.kind !== "segment") throw new LedgerUnavailable({ reason: read.reason });
    latencyMs = read.slowestMs;
    const { span } = read.verified;
    hashBelow.set(span.to, span.lastHash);
    const stored = await run.writer.write(readFrom(read.bytes));
    sum.readBytes += read.bytes.length;
    sum.chunks += stored.chunks;
    entries.push({ span, entry: entryOf(span, read.bytes.length, stored) });
    onSegment?.(span);
  }
  return { entries, ...sum };
}

function entryOf(span: SegmentSpan, lengthBytes: number, { reference, root }: Pick<Entry["content"], "reference" | "root">): Entry {
  const stamp = { sizeBytes: lengthBytes, mtimeNs: 0n, ctimeNs: 0n, inode: 0n, device: 0n };
  return {
    kind: "file",
    name: segmentName(span),
    mode: 0o644,
    userId: 0,
    groupId: 0,
    mtimeNs: 0n,
    lengthBytes,
    holes: [],
    stamp,
    content: { reference, root },
  };
}
