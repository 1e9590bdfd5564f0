/**
 * What is asked for when a ledger is backed up, for one run that does it all and for each of the steps that share it. A step
 * names only what it needs: the one which signs asks no node but the second, and those which read one cannot sign.
 */
import type { PaceLimits } from "../../core/backup/ledger/pace.ts";
import type { SegmentSpan } from "../../core/backup/ledger/segment.ts";
import type { ChainPoint, Manifest } from "../../core/backup/vault/manifest.ts";
import type { EvmLedger } from "../ledger-evm.ts";
import type { BackupOrder, RunGiven } from "./backup-run.ts";

/** `onSegment` is told of each segment that was read and stored. */
export type LedgerGiven = RunGiven & { readonly onSegment?: (span: SegmentSpan) => void };

/** Looking at a node, and at what of the backup before is still its history. */
export type HistoryOrder = { readonly ledger: EvmLedger; readonly requestMs: number; readonly blocksPerSegment: number };

export type ReadingOrder = {
  readonly ledger: EvmLedger;
  /** How far the node is behind the fleet, in blocks, each time before a segment is read; null where nobody can tell. */
  readonly lagBlocks: () => Promise<number | null>;
  readonly pace: PaceLimits;
  readonly requestMs: number;
};

export type CompletionOrder = {
  /** Asked for the same blocks' hashes; null where the fleet has no other node. */
  readonly second: EvmLedger | null;
  readonly chain: Pick<ChainPoint, "genesisHash" | "client" | "clientVersion">;
  readonly requestMs: number;
};

export type LedgerOrder = BackupOrder &
  HistoryOrder &
  ReadingOrder &
  CompletionOrder & {
    /** More are left for the next run. */
    readonly segmentsMax: number;
  };

/** `base` says from where on what is stored is still the node's history; `faults`, what was found wrong with earlier backups. */
export type LedgerBackedUp = {
  readonly manifest: Manifest;
  readonly segments: number;
  readonly left: number;
  readonly base: string;
  readonly faults: readonly Error[];
};
