/**
 * What every backup of a ledger ends with: its segments are one chain from the first block on, a second node has the same, and
 * then a listing and a signed manifest make a backup of them. Anything else ends by name, and no manifest is written.
 */

import { encodeListing } from "../../core/backup/directory/listing-format.ts";
import { byHeight, chainSegments } from "../../core/backup/ledger/chain.ts";
import { FIRST_BLOCK } from "../../core/backup/ledger/plan.ts";
import { compareWithSecond, sampleHeights } from "../../core/backup/ledger/second-node.ts";
import type { SegmentSpan } from "../../core/backup/ledger/segment.ts";
import { verifySegment } from "../../core/backup/ledger/segment-verification.ts";
import { unlessDamaged } from "../../core/backup/vault/faults.ts";
import type { Manifest } from "../../core/backup/vault/manifest.ts";
import type { StreamReference } from "../../core/backup/vault/stream-reference.ts";
import { LedgerRefused, LedgerUnavailable } from "../../core/kernel/errors.ts";
import type { BackupFacts, BackupRun, VaultRun } from "./backup-run.ts";
import type { CompletionOrder } from "./ledger-order.ts";
import type { StoredSegment } from "./ledger-segments.ts";
import { rootBelow } from "./tree-writer.ts";

/** `segments` in any order. `readBytes` and `chunks` are theirs; what other runs stored of them says `byOthers`. */
export type WholeLedger = {
  readonly chainId: number;
  readonly segments: readonly StoredSegment[];
  readonly readBytes: number;
  readonly chunks: number;
  readonly byOthers?: BackupFacts["byOthers"];
};

export async function completeLedger(run: BackupRun, order: CompletionOrder, ledger: WholeLedger): Promise<Manifest> {
  const segments = ledger.segments.toSorted((left, right) => byHeight(left.span, right.span));
  const spans = segments.map(({ span }) => span);
  const last = segments.at(-1);
  if (last === undefined) throw new LedgerUnavailable({ reason: "no block is final yet" });
  const chained = chainSegments(spans);
  if (chained.kind !== "chained") throw new LedgerRefused({ reason: chained.reason });
  if (chained.span.from !== FIRST_BLOCK) throw new LedgerRefused({ reason: `blocks ${FIRST_BLOCK} to ${chained.span.from - 1} are missing` });
  await compare(order, spans);
  const stateRoot = last.stateRoot ?? (await stateRootBefore(run, last, ledger.chainId));
  const entries = segments.map(({ entry }) => entry);
  const listing = await run.writer.writeListing(encodeListing(entries));
  return await run.complete({
    root: { reference: listing.reference, root: rootBelow(entries, listing.root) },
    attributes: ATTRIBUTES,
    consistency: "verified-segments",
    chain: { protocol: "evm", chainId: ledger.chainId, height: last.span.to, blockHash: last.span.lastHash, stateRoot, ...order.chain },
    counts: {
      files: entries.length,
      folders: 0,
      others: 0,
      skipped: 0,
      sourceBytes: entries.reduce((sum, { lengthBytes }) => sum + lengthBytes, 0),
      readBytes: ledger.readBytes,
      chunks: ledger.chunks + listing.chunks,
    },
    ...(ledger.byOthers === undefined ? {} : { byOthers: ledger.byOthers }),
  });
}

const ATTRIBUTES = { mode: 0o755, userId: 0, groupId: 0, mtimeNs: 0n } as const;

/** A stored stream's chunks become this backup's; null where one of them is in no index, or a list of them cannot be read. */
export async function referTo({ reader, writer }: VaultRun, reference: StreamReference): Promise<{ readonly chunks: number } | null> {
  const ids = (await reader.levels(reference).catch(unlessDamaged))?.flat() ?? null;
  return ids?.map((id) => writer.reuse(id)).every(Boolean) ? { chunks: ids.length } : null;
}

/** How many chunks the kept segments have. */
export async function referToKept(run: VaultRun, kept: readonly StoredSegment[]): Promise<number> {
  let chunks = 0;
  for (const { entry } of kept) {
    const referred = await referTo(run, entry.content.reference);
    if (referred === null) throw new LedgerRefused({ reason: `chunks of the stored segment ${entry.name} are in no index` });
    chunks += referred.chunks;
  }
  return chunks;
}

/** The last segment is an earlier backup's: what that said of it, or its own last header once more. */
async function stateRootBefore({ previous, reader }: VaultRun, { span, entry }: StoredSegment, chainId: number): Promise<string> {
  const chain = previous?.manifest.chain;
  if (chain?.blockHash === span.lastHash && chain.stateRoot !== null) return chain.stateRoot;
  const verified = verifySegment(await reader.read(entry.content.reference), { chainId, ...span });
  if (verified.kind === "failed") throw new LedgerRefused({ reason: `the stored segment ${entry.name}: ${verified.reason}` });
  return verified.stateRoot;
}

/**
 * One liar cannot put a history into a backup that another node of the fleet does not have. The last hash stands for all below it;
 * some ends of segments below say where two histories part.
 */
async function compare({ second, requestMs }: CompletionOrder, spans: readonly SegmentSpan[]): Promise<void> {
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
