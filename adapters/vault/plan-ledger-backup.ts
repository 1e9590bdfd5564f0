/**
 * The first step of a backup of a ledger in batches: what is final, what of the backup before is kept, and which batches are to
 * be read, each between two hashes. So batches that are read at once, in any order, fit together or are refused. Nothing is
 * written: whoever plans again, after any of the steps has died, plans the same batches.
 */
import { BATCH_SEGMENTS_MAX, BATCHES_MAX, cutBatches, LedgerBatchPlan } from "../../core/backup/ledger/batches.ts";
import type { PlannedSegment } from "../../core/backup/ledger/plan.ts";
import { InputInvalid, LedgerUnavailable } from "../../core/kernel/errors.ts";
import { type BackupOrder, beginRun, type RunGiven } from "./backup-run.ts";
import { type LedgerHistory, lookAtHistory } from "./ledger-history.ts";
import type { HistoryOrder } from "./ledger-order.ts";

/** More is left for the next backup. Batches times segments is what one backup reads, in less than a day: a sweep waits no longer. */
export type BatchLimits = { readonly segmentsPerBatch: number; readonly batchesMax: number };

/** Throws `LedgerUnavailable` (try again) or `LedgerRefused` (a person must look). */
export async function planLedgerBackup(given: RunGiven, order: BackupOrder & HistoryOrder, limits: BatchLimits): Promise<LedgerBatchPlan> {
  refuseLimits(limits);
  const { segmentsPerBatch, batchesMax } = limits;
  const run = await beginRun(given, order);
  const history = await lookAtHistory(run, order, segmentsPerBatch * batchesMax);
  const { final, kept, base } = history;
  const { blocksPerSegment } = order;
  const { batches, left } = cutBatches(history.segments, { ...limits, blocksPerSegment });
  const hashes = await hashesBetween(order, history, batches);
  const { previous } = run;
  return LedgerBatchPlan.parse({
    format: 1,
    source: order.source,
    previous: previous === null ? null : { sequence: previous.manifest.sequence, digest: previous.digest },
    chainId: final.chainId,
    finalized: { height: final.finalized.height, hash: final.finalized.hash },
    kept: { segments: kept.length, lastHeight: kept.at(-1)?.span.to ?? null },
    batches: batches.map(({ from, to }) => ({
      chainId: final.chainId,
      blocksPerSegment,
      from,
      to,
      firstParentHash: hashes.get(from - 1) ?? null,
      lastHash: hashes.get(to),
    })),
    left: left + history.left,
    base,
  });
}

function refuseLimits({ segmentsPerBatch, batchesMax }: BatchLimits): void {
  const within = (value: number, most: number): boolean => Number.isInteger(value) && value >= 1 && value <= most;
  if (within(segmentsPerBatch, BATCH_SEGMENTS_MAX) && within(batchesMax, BATCHES_MAX)) return;
  const fault = `${batchesMax} batches of ${segmentsPerBatch} segments; 1 to ${BATCHES_MAX} of 1 to ${BATCH_SEGMENTS_MAX} are planned`;
  throw new InputInvalid({ where: "the limits of a ledger's batches", faults: [fault] });
}

/** Of the last block of each batch, and of the block before it. */
async function hashesBetween(
  { ledger, requestMs }: HistoryOrder,
  { final: { finalized }, kept }: LedgerHistory,
  batches: readonly PlannedSegment[],
): Promise<ReadonlyMap<number, string>> {
  const heights = batches.flatMap(({ from, to }) => [from - 1, to]).filter((height) => height >= 0);
  const told = await ledger.hashesAt([...new Set(heights)], { timeoutMs: requestMs });
  if (told.kind !== "hashes") throw new LedgerUnavailable({ reason: told.reason });
  const known = [...kept.map(({ span }) => [span.to, span.lastHash] as const), [finalized.height, finalized.hash] as const];
  for (const [height, hash] of known) {
    if ((told.hashes.get(height) ?? hash) !== hash)
      throw new LedgerUnavailable({ reason: `the node changed its block ${height} while it was asked` });
  }
  const silent = heights.find((height) => !told.hashes.has(height));
  if (silent !== undefined) throw new LedgerUnavailable({ reason: `the node did not say which block ${silent} it has` });
  return told.hashes;
}
