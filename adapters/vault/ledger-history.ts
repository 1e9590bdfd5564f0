/**
 * What a backup of a ledger begins with: how far the node is final, which segments of the backup before are still its history,
 * and which are to be read. What a re-org below the base has made stale is left to the backups that have it, and read anew.
 */

import { decodeListing } from "../../core/backup/directory/listing-format.ts";
import { findBase } from "../../core/backup/ledger/base.ts";
import { FIRST_BLOCK, type PlannedSegment, planSegments } from "../../core/backup/ledger/plan.ts";
import { spanOfName } from "../../core/backup/ledger/segment-name.ts";
import { referenceOf } from "../../core/backup/vault/manifest.ts";
import { LedgerRefused, LedgerUnavailable } from "../../core/kernel/errors.ts";
import type { FinalBlock } from "../ledger-evm.ts";
import type { VaultRun } from "./backup-run.ts";
import type { HistoryOrder } from "./ledger-order.ts";
import type { StoredSegment } from "./ledger-segments.ts";

export type LedgerHistory = {
  readonly final: FinalBlock;
  /** What is referred to as it is stored: of the backup before, still the node's, and not held whole by a planned segment. */
  readonly kept: readonly StoredSegment[];
  readonly segments: readonly PlannedSegment[];
  /** Segments beyond `segmentsMax`. */
  readonly left: number;
  readonly base: string;
};

export async function lookAtHistory(run: VaultRun, order: HistoryOrder, segmentsMax: number): Promise<LedgerHistory> {
  const final = await order.ledger.finalBlock({ timeoutMs: order.requestMs });
  if (final.kind !== "final") throw new LedgerUnavailable({ reason: final.reason });
  const { still, base } = await stillHistory(await segmentsBefore(run), final, order);
  const planned = planSegments({
    from: FIRST_BLOCK,
    finalized: final.finalized.height,
    blocksPerSegment: order.blocksPerSegment,
    stored: still.map(({ span }) => span),
    segmentsMax,
  });
  if (planned.kind === "refused") throw new LedgerRefused({ reason: planned.reason });
  const { segments, superseded, left } = planned.kind === "plan" ? planned : NOTHING_LEFT;
  const kept = still.filter(({ span }) => !superseded.some(({ from }) => from === span.from));
  return { final, kept, segments, left, base };
}

const NOTHING_LEFT = { segments: [], superseded: [], left: 0 } as const;

/** Of the backup before, in order of height. */
export async function segmentsBefore({ previous, reader }: VaultRun): Promise<StoredSegment[]> {
  if (previous === null) return [];
  const { root, source, sequence } = previous.manifest;
  const listing = decodeListing(await reader.read(referenceOf(root)), `the listing of backup ${sequence} of ${source}`);
  return listing.flatMap((entry) => {
    const span = spanOfName(entry.name);
    return span === null || entry.kind !== "file" ? [] : [{ span, entry, stateRoot: null }];
  });
}

/** One agreeing hash proves all below it, so the last is asked first. */
async function stillHistory(
  before: readonly StoredSegment[],
  final: FinalBlock,
  { ledger, requestMs }: HistoryOrder,
): Promise<{ still: readonly StoredSegment[]; base: string }> {
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
    if (found.kind === "intact") return { still: before, base: found.reason };
    if (found.kind === "new-base") return { still: before.filter(({ span }) => span.from < found.from), base: found.reason };
    ask = found.ask.filter((height) => !asked.has(height));
    if (ask.length === 0) throw new LedgerUnavailable({ reason: found.reason });
  }
}
