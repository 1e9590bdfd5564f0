/**
 * The last step of a backup of a ledger in batches: what is kept of the backup before and what the batches have stored become one
 * backup, if they are one chain without a hole and a second node has the same. Asked twice, it makes one backup and answers with it.
 */
import { faultOfSummary, placeOfBatch } from "../../core/backup/ledger/batch-summary.ts";
import { type LedgerBatch, type LedgerBatchPlan, type LedgerBatchSummary, segmentsOf } from "../../core/backup/ledger/batches.ts";
import { type Manifest, referenceOf } from "../../core/backup/vault/manifest.ts";
import { BackupOvertaken, InputInvalid, LedgerRefused, LedgerUnavailable } from "../../core/kernel/errors.ts";
import { type BackupGiven, type BackupOrder, beginBackup, type VaultRun } from "./backup-run.ts";
import { readSummary } from "./ledger-batches.ts";
import { completeLedger, referTo, referToKept } from "./ledger-completion.ts";
import { segmentsBefore } from "./ledger-history.ts";
import type { CompletionOrder, LedgerBackedUp } from "./ledger-order.ts";
import { entryOf, type StoredSegment } from "./ledger-segments.ts";

/**
 * `batchKeys` in any order, stored by runs of this very writer. Throws `LedgerUnavailable` or `BackupOvertaken` (plan again: what is
 * stored is not read again) or `LedgerRefused` (a person must look), and writes no backup then.
 */
export async function completeLedgerBackup(
  given: BackupGiven,
  order: BackupOrder & CompletionOrder,
  plan: LedgerBatchPlan,
  batchKeys: readonly string[],
): Promise<LedgerBackedUp> {
  if (plan.source !== order.source) throw new InputInvalid({ where: "a plan", faults: [`it is of ${plan.source}, not of ${order.source}`] });
  const run = await beginBackup(given, order);
  const told = { segments: plan.batches.flatMap(segmentsOf).length, left: plan.left, base: plan.base, faults: run.faults };
  const completed = completedBefore(run, plan);
  if (completed !== null) return { ...told, manifest: completed };
  const kept = await keptAsPlanned(run, plan);
  const keptChunks = await referToKept(run, kept);
  const keys = keysOf(batchKeys, plan);
  const summaries: LedgerBatchSummary[] = [];
  for (const batch of plan.batches) summaries.push(await summaryOf(given, batch, keys.get(batch.from)));
  const read: StoredSegment[] = [];
  for (const summary of summaries) read.push(...(await segmentsIn(run, summary)));
  const sum = (of: (summary: LedgerBatchSummary) => number): number => summaries.reduce((total, each) => total + of(each), 0);
  const manifest = await completeLedger(run, order, {
    chainId: plan.chainId,
    segments: [...kept, ...read],
    readBytes: sum(({ readBytes }) => readBytes),
    chunks: keptChunks + sum(({ chunks }) => chunks),
    byOthers: { storedBytes: sum(({ storedBytes }) => storedBytes), newChunks: sum(({ newChunks }) => newChunks) },
  });
  return { ...told, manifest };
}

/** A run that died after its manifest, or whose answer was lost, has made the backup; this one would only find its number taken. */
function completedBefore({ previous }: VaultRun, plan: LedgerBatchPlan): Manifest | null {
  if ((previous?.digest ?? null) === (plan.previous?.digest ?? null)) return null;
  const planned = `it was planned on backup ${plan.previous?.sequence ?? 0}`;
  if (previous === null) throw new BackupOvertaken({ reason: `${planned}, which is there no more` });
  const { manifest } = previous;
  const last = plan.batches.at(-1);
  const isOfPlan =
    manifest.parent === (plan.previous?.digest ?? null) &&
    manifest.chain?.height === (last?.to ?? plan.kept.lastHeight) &&
    manifest.chain?.blockHash === (last?.lastHash ?? manifest.chain?.blockHash);
  if (isOfPlan) return manifest;
  throw new BackupOvertaken({ reason: `${planned}, and ${manifest.sequence} was written meanwhile` });
}

async function keptAsPlanned(run: VaultRun, { kept: { segments, lastHeight } }: LedgerBatchPlan): Promise<readonly StoredSegment[]> {
  const kept = (await segmentsBefore(run)).filter(({ span }) => lastHeight !== null && span.to <= lastHeight);
  if (kept.length === segments) return kept;
  throw new LedgerRefused({ reason: `${segments} segments were to be kept through block ${lastHeight}, the backup before has ${kept.length}` });
}

/** By where their batches begin. */
function keysOf(batchKeys: readonly string[], { source }: LedgerBatchPlan): ReadonlyMap<number, string> {
  return new Map(
    batchKeys.flatMap((key) => {
      const place = placeOfBatch(key);
      return place?.source === source ? [[place.from, key] as const] : [];
    }),
  );
}

async function summaryOf(given: BackupGiven, batch: LedgerBatch, key: string | undefined): Promise<LedgerBatchSummary> {
  const summary = key === undefined ? null : await readSummary(given, key);
  if (summary === null)
    throw new LedgerUnavailable({ reason: `the batch of blocks ${batch.from} to ${batch.to} was not stored, or is stored no more` });
  const fault = faultOfSummary(summary, batch);
  if (fault !== null) throw new LedgerRefused({ reason: fault });
  return summary;
}

async function segmentsIn(run: VaultRun, { segments }: LedgerBatchSummary): Promise<StoredSegment[]> {
  const stored: StoredSegment[] = [];
  for (const { span, stateRoot, reference: json, root } of segments) {
    const reference = referenceOf(json);
    if ((await referTo(run, reference)) === null)
      throw new LedgerUnavailable({ reason: `chunks of the batch's segment ${span.from} to ${span.to} are in no index any more` });
    stored.push({ span, entry: entryOf(span, { reference, root: Buffer.from(root, "hex") }), stateRoot });
  }
  return stored;
}
