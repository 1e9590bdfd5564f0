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
  readonly ledger: EvmLedger;
  /** Asked for the same blocks' hashes; null where the fleet has no other node. */
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
/** `base` says from where on what is stored is still the node's history; `faults`, what was found wrong with earlier backups. */
export type LedgerBackedUp = {
  readonly manifest: Manifest;
  readonly segments: number;
  readonly left: number;
  readonly base: string;
  readonly faults: readonly Error[];
};

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
  const { segments, superseded, left } = planned.kind === "plan" ? planned : NOTHING_LEFT;
  const reused = kept.filter(({ span }) => !superseded.some(({ from }) => from === span.from));
  for (const { entry } of reused) await refer(run, entry);
  const added = await readSegments(given, run, order, { segments, final, below: reused.map(({ span }) => span) });
  const all = [...reused, ...added.entries].toSorted((left, right) => left.span.from - right.span.from);
  const last = all.at(-1);
  if (last === undefined) throw new LedgerUnavailable({ reason: `no block is final yet, the head is ${final.head.height}` });
  await compare(
    order,
    all.map(({ span }) => span),
  );
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
  return { manifest, segments: segments.length, left, base, faults: run.faults };
}

const NOTHING_LEFT = { segments: [], superseded: [], left: 0 } as const;
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

/** What of the backup before is still the node's history. One agreeing hash proves all below it, so the last is asked first. */
async function keptOf(
  before: readonly StoredSegment[],
  final: FinalBlock,
  { ledger, requestMs }: LedgerOrder,
): Promise<{ kept: readonly StoredSegment[]; base: string }> {
  const spans = before.map(({ span }) => span);
  const hashes = new Map<number, string>();
  const asked = new Set<number>();
  for (let ask = spans.slice(-1).map(({ to }) => to); ; ) {
    const told = await ledger.hashesAt(ask, { timeoutMs: requestMs });
    if (told.kind !== "hashes") throw new LedgerUnavailable({ reason: told.reason });
    for (const height of ask) asked.add(height);
    for (const [height, hash] of told.hashes) hashes.set(height, hash);
    const found = findBase(spans, { finalizedHeight: final.finalized.height, hashes });
    if (found.kind === "contradictory") throw new LedgerRefused({ reason: found.reason });
    if (found.kind === "intact") return { kept: before, base: found.reason };
    if (found.kind === "new-base") return { kept: before.filter(({ span }) => span.from < found.from), base: found.reason };
    ask = found.ask.filter((height) => !asked.has(height));
    if (ask.length === 0) throw new LedgerUnavailable({ reason: found.reason });
  }
}

async function refer(run: BackupRun, { name, content }: StoredSegment["entry"]): Promise<void> {
  const ids = (await run.reader.levels(content.reference)).flat();
  if (!ids.map((id) => run.writer.reuse(id)).every(Boolean))
    throw new LedgerRefused({ reason: `chunks of the stored segment ${name} are in no index` });
}

/**
 * One liar cannot put a history into a backup that another node of the fleet does not have. The last hash stands for all below it;
 * some ends of segments below say where two histories part.
 */
async function compare({ second, requestMs }: LedgerOrder, spans: readonly SegmentSpan[]): Promise<void> {
  if (second === null) return;
  const read = sampleHeights(0, spans.length - 1).flatMap((place) =>
    spans.slice(place, place + 1).map(({ to, lastHash }) => ({ height: to, hash: lastHash })),
  );
  const asked = await second.hashesAt(
    read.map(({ height }) => height),
    { timeoutMs: requestMs },
  );
  if (asked.kind !== "hashes") throw new LedgerUnavailable({ reason: asked.reason });
  const word = compareWithSecond(read, asked.hashes);
  if (word.kind === "differ") throw new LedgerRefused({ reason: word.reason });
  if (word.kind === "second-cannot-tell") throw new LedgerUnavailable({ reason: word.reason });
}
