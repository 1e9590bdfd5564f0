/**
 * One backup of a ledger into a vault: up to the node's final block, in segments that are verified in the very bytes that are
 * stored, compared with a second node, beginning where the backup before has ended. What a re-org below the base has made stale
 * is left to the backups that have it, and read anew.
 */

import { decodeListing, encodeListing } from "../../core/backup/directory/listing-format.ts";
import { findBase } from "../../core/backup/ledger/base.ts";
import type { PaceLimits } from "../../core/backup/ledger/pace.ts";
import { planSegments } from "../../core/backup/ledger/plan.ts";
import { compareWithSecond, sampleHeights } from "../../core/backup/ledger/second-node.ts";
import type { SegmentSpan } from "../../core/backup/ledger/segment.ts";
import { spanOfName } from "../../core/backup/ledger/segment-name.ts";
import { type ChainPoint, idsOf, type Manifest } from "../../core/backup/vault/manifest.ts";
import type { EvmLedger, FinalBlock } from "../ledger-evm.ts";
import { type BackupGiven, type BackupOrder, type BackupRun, beginBackup } from "./backup-run.ts";
import { LedgerRefused, LedgerUnavailable } from "./ledger-faults.ts";
import { readSegments, type StoredSegment } from "./ledger-segments.ts";
import { rootBelow } from "./tree-writer.ts";

export type LedgerOrder = BackupOrder & {
  readonly node: BackupOrder["node"];
  readonly ledger: EvmLedger;
  /** Asked for the same blocks' hashes; null where the fleet has no other node, and the manifest then says so. */
  readonly second: EvmLedger | null;
  readonly chain: Pick<ChainPoint, "genesisHash" | "client" | "clientVersion">;
  readonly blocksPerSegment: number;
  /** More are left for the next run. */
  readonly segmentsMax: number;
  /** How far the node is behind the fleet, in blocks, each time before a segment is read; null where nobody can tell. */
  readonly lagBlocks: () => Promise<number | null>;
  readonly pace: PaceLimits;
  readonly requestMs: number;
};
export type LedgerBackedUp = { readonly manifest: Manifest; readonly segments: number; readonly left: number; readonly base: string };

/** Throws `LedgerUnavailable` (try again) or `LedgerRefused` (a person must look) and writes no backup then. */
export async function backupLedger(given: BackupGiven & { onSegment?: (span: SegmentSpan) => void }, order: LedgerOrder): Promise<LedgerBackedUp> {
  const run = await beginBackup(given, order);
  const final = await askFinal(order);
  const before = await entriesBefore(run);
  const { kept, base } = await keptOf(before, final, order);
  const stored = kept.map(({ span }) => span);
  const planned = planSegments({
    from: 0,
    finalized: final.finalized.height,
    blocksPerSegment: order.blocksPerSegment,
    stored,
    segmentsMax: order.segmentsMax,
  });
  if (planned.kind === "refused") throw new LedgerRefused({ reason: planned.reason });
  const superseded = new Set(planned.kind === "plan" ? planned.superseded.map(({ from }) => from) : []);
  const reused = kept.filter(({ span }) => !superseded.has(span.from));
  for (const { entry } of reused) await refer(run, entry);
  const segments = planned.kind === "plan" ? planned.segments : [];
  const added = await readSegments(given, run, order, { segments, final, below: reused.map(({ span }) => span) });
  const all = [...reused, ...added.entries].toSorted((left, right) => left.span.from - right.span.from);
  const last = all.at(-1);
  if (last === undefined) throw new LedgerUnavailable({ reason: `no block is final yet, the head is ${final.head.height}` });
  await compare(order, last.span);
  const entries = all.map(({ entry }) => entry);
  const listing = await run.writer.writeListing(encodeListing(entries));
  const manifest = await run.complete({
    root: { reference: listing.reference, root: rootBelow(entries, listing.root) },
    attributes: ATTRIBUTES,
    consistency: "verified-segments",
    chain: { protocol: "evm", chainId: final.chainId, height: last.span.to, blockHash: last.span.lastHash, stateRoot: null, ...order.chain },
    counts: {
      files: entries.length,
      folders: 0,
      others: 0,
      skipped: 0,
      sourceBytes: entries.reduce((sum, { lengthBytes }) => sum + lengthBytes, 0),
      readBytes: added.readBytes,
      chunks: added.chunks + listing.chunks,
    },
  });
  return { manifest, segments: segments.length, left: planned.kind === "plan" ? planned.left : 0, base };
}

const ATTRIBUTES = { mode: 0o755, userId: 0, groupId: 0, mtimeNs: 0n } as const;

async function askFinal({ ledger, requestMs }: LedgerOrder): Promise<FinalBlock> {
  const final = await ledger.finalBlock({ timeoutMs: requestMs });
  if (final.kind !== "final") throw new LedgerUnavailable({ reason: final.reason });
  return final;
}

async function entriesBefore({ previous, reader }: BackupRun): Promise<StoredSegment[]> {
  if (previous === null) return [];
  const { root, source, sequence } = previous.manifest;
  const listing = decodeListing(await reader.read({ ...root, ids: idsOf(root) }), `the listing of backup ${sequence} of ${source}`);
  return listing.flatMap((entry) => {
    const span = spanOfName(entry.name);
    return span === null || entry.kind !== "file" ? [] : [{ span, entry }];
  });
}

/** What of the backup before is still the node's history. */
async function keptOf(
  before: readonly StoredSegment[],
  final: FinalBlock,
  { ledger, requestMs }: LedgerOrder,
): Promise<{ kept: readonly StoredSegment[]; base: string }> {
  const spans = before.map(({ span }) => span);
  const asked = await ledger.hashesAt(
    spans.map(({ to }) => to),
    { timeoutMs: requestMs },
  );
  if (asked.kind !== "hashes") throw new LedgerUnavailable({ reason: asked.reason });
  const found = findBase(spans, { finalizedHeight: final.finalized.height, hashes: asked.hashes });
  if (found.kind === "contradictory") throw new LedgerRefused({ reason: found.reason });
  if (found.kind === "cannot-tell") throw new LedgerUnavailable({ reason: found.reason });
  if (found.kind === "intact") return { kept: before, base: found.reason };
  return { kept: before.filter(({ span }) => span.from < found.from), base: found.reason };
}

async function refer(run: BackupRun, { name, content }: StoredSegment["entry"]): Promise<void> {
  const ids = (await run.reader.levels(content.reference)).flat();
  if (!ids.map((id) => run.writer.reuse(id)).every(Boolean))
    throw new LedgerRefused({ reason: `chunks of the stored segment ${name} are in no index` });
}

/** One liar cannot put a history into a backup that another node of the fleet does not have. */
async function compare({ second, requestMs }: LedgerOrder, { from, to, lastHash, firstParentHash }: SegmentSpan): Promise<void> {
  if (second === null) return;
  const asked = await second.hashesAt(sampleHeights(Math.max(0, from - 1), to), { timeoutMs: requestMs });
  if (asked.kind !== "hashes") throw new LedgerUnavailable({ reason: asked.reason });
  const read = [{ height: to, hash: lastHash }, ...(from > 0 ? [{ height: from - 1, hash: firstParentHash }] : [])];
  const word = compareWithSecond(read, asked.hashes);
  if (word.kind === "differ") throw new LedgerRefused({ reason: word.reason });
  if (word.kind === "second-cannot-tell") throw new LedgerUnavailable({ reason: word.reason });
}
