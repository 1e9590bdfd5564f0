/**
 * One batch of a ledger's backup: read from the node at the pace that it can bear, verified between the hashes that were planned,
 * and stored, in packs and indexes of its own. What was stored is written down in the vault last, so a batch that was stored
 * whole is found by whoever is asked for it again, and no block of it is read twice.
 */

import { faultOfSummary } from "../../core/backup/ledger/batch-summary.ts";
import { type LedgerBatch, type LedgerBatchSummary, segmentsOf } from "../../core/backup/ledger/batches.ts";
import { unlessDamaged } from "../../core/backup/vault/faults.ts";
import { referenceJson, referenceOf } from "../../core/backup/vault/manifest.ts";
import { LedgerRefused } from "../../core/kernel/errors.ts";
import { type BackupOrder, beginRun, type RunGiven, type VaultRun } from "./backup-run.ts";
import { readSummary, summariesOf, writeSummary } from "./ledger-batches.ts";
import { referTo } from "./ledger-completion.ts";
import type { LedgerGiven, ReadingOrder } from "./ledger-order.ts";
import { readSegments } from "./ledger-segments.ts";

/** Under `key` the vault says what was stored. */
export type BatchStored = { readonly key: string };

/** Throws `LedgerUnavailable` (try again) or `LedgerRefused`: the node has another history than was planned, or none. */
export async function storeLedgerBatch(given: LedgerGiven, order: BackupOrder & ReadingOrder, batch: LedgerBatch): Promise<BatchStored> {
  const run = await beginRun(given, order);
  const stored = await storedBefore(given, run, order, batch);
  if (stored !== null) return { key: stored };
  const known = new Map([[batch.to, batch.lastHash]]);
  if (batch.firstParentHash !== null) known.set(batch.from - 1, batch.firstParentHash);
  const read = await readSegments(given, run.writer, order, { segments: segmentsOf(batch), chainId: batch.chainId, known });
  const { storedBytes, newChunks } = await run.writer.finish();
  const summary: LedgerBatchSummary = {
    format: 1,
    source: order.source,
    batch,
    segments: read.stored.map(({ span, stateRoot, entry: { content } }) => ({
      span,
      stateRoot,
      reference: referenceJson(content.reference),
      root: Buffer.from(content.root).toString("hex"),
    })),
    readBytes: read.readBytes,
    chunks: read.chunks,
    storedBytes,
    newChunks,
  };
  const fault = faultOfSummary(summary, batch);
  if (fault !== null) throw new LedgerRefused({ reason: fault });
  return { key: await writeSummary(given, summary) };
}

/** The key of a summary of this very batch, of which every chunk is still there to be referred to. */
async function storedBefore(given: RunGiven, run: VaultRun, { source }: BackupOrder, batch: LedgerBatch): Promise<string | null> {
  for (const key of await summariesOf(given.store, source, batch)) {
    if (run.isCondemned(key)) continue;
    /** A damaged summary costs reading its batch again, and nothing else. */
    const summary = await readSummary(given, key).catch(unlessDamaged);
    if (summary !== null && faultOfSummary(summary, batch) === null && (await isWhole(run, summary))) return key;
  }
  return null;
}

async function isWhole(run: VaultRun, { segments }: LedgerBatchSummary): Promise<boolean> {
  for (const { reference } of segments) if ((await referTo(run, referenceOf(reference))) === null) return false;
  return true;
}
