/**
 * One backup of a ledger into a vault, in one run: up to the node's final block, in segments that are verified in the very bytes
 * that are stored, compared with a second node, beginning where the backup before has ended. A first backup that one run cannot
 * carry is cut into batches by `plan-ledger-backup.ts`, and is the same backup; the functions of a fleet always do that. This is for who has
 * one process and one vault: the bench, the story of a re-org below the base, the tests.
 */
import { type BackupGiven, beginBackup } from "./backup-run.ts";
import { completeLedger, referToKept } from "./ledger-completion.ts";
import { lookAtHistory } from "./ledger-history.ts";
import type { LedgerBackedUp, LedgerGiven, LedgerOrder } from "./ledger-order.ts";
import { readSegments } from "./ledger-segments.ts";

/** Throws `LedgerUnavailable` (try again) or `LedgerRefused` (a person must look) and writes no backup then. */
export async function backupLedger(given: LedgerGiven & BackupGiven, order: LedgerOrder): Promise<LedgerBackedUp> {
  const run = await beginBackup(given, order);
  const { final, kept, segments, left, base } = await lookAtHistory(run, order, order.segmentsMax);
  const { chainId } = final;
  const keptChunks = await referToKept(run, kept);
  const known = new Map(kept.map(({ span }) => [span.to, span.lastHash]));
  const read = await readSegments(given, run.writer, order, { segments, chainId, known });
  const manifest = await completeLedger(run, order, {
    chainId,
    segments: [...kept, ...read.stored],
    readBytes: read.readBytes,
    chunks: keptChunks + read.chunks,
  });
  return { manifest, segments: segments.length, left, base, faults: run.faults };
}
