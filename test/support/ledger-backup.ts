/** A ledger's backups for tests, in segments of five blocks: in one run, or in the steps that share one. */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { type EvmLedger, evmLedger } from "../../adapters/ledger-evm.ts";
import { backupLedger } from "../../adapters/vault/backup-ledger.ts";
import { completeLedgerBackup } from "../../adapters/vault/complete-ledger-backup.ts";
import { inLanes } from "../../adapters/vault/in-lanes.ts";
import type { LedgerBackedUp, LedgerOrder } from "../../adapters/vault/ledger-order.ts";
import { writeManifest } from "../../adapters/vault/manifests.ts";
import { type BatchLimits, planLedgerBackup } from "../../adapters/vault/plan-ledger-backup.ts";
import { restoreDirectory } from "../../adapters/vault/restore-directory.ts";
import { type BatchStored, storeLedgerBatch } from "../../adapters/vault/store-ledger-batch.ts";
import { LedgerBatch, LedgerBatchPlan } from "../../core/backup/ledger/batches.ts";
import type { SegmentSpan } from "../../core/backup/ledger/segment.ts";
import { type Manifest, manifestKey, type SourceName, type Writer } from "../../core/backup/vault/manifest.ts";
import type { Clock, VaultStore } from "../../core/kernel/ports.ts";
import type { LedgerNode } from "./ledger-node.ts";
import { backupGiven, laterClock, privateKey, replaceObject, testVault } from "./vault.ts";

export const SEGMENT_BLOCKS = 5;
const LANES = 4;
const SIGNING_MS_MAX = 60_000;

type Choices = {
  readonly segmentsMax?: number;
  readonly second?: EvmLedger;
  readonly lagBlocks?: () => Promise<number | null>;
  readonly clock?: Clock;
  readonly onSegment?: (span: SegmentSpan) => void;
};

/** All but one block is final, or but as many as are said. */
export const ledgerOf = ({ url }: LedgerNode, blocks = 1): EvmLedger => evmLedger({ url, finality: { kind: "depth", blocks } });

function orderOf(ledger: EvmLedger, { segmentsMax = 100, second, lagBlocks = async () => 0 }: Choices): LedgerOrder {
  return {
    source: "fleet.ledger" as SourceName,
    writer: "fleet" as Writer,
    node: null,
    newestKnown: 0,
    verified: [],
    program: "test",
    ledger,
    second: second ?? null,
    chain: { genesisHash: `0x${"00".repeat(32)}`, client: "anvil", clientVersion: "test" },
    blocksPerSegment: SEGMENT_BLOCKS,
    segmentsMax,
    lagBlocks,
    pace: { lagBlocksMax: 3, latencyMsMax: 20_000, concurrencyMax: 4, waitMsMin: 10, waitMsMax: 1_000 },
    requestMs: 20_000,
  };
}

const givenOf = (store: VaultStore, { clock = laterClock, onSegment }: Choices) => ({
  ...backupGiven(store, clock),
  ...(onSegment === undefined ? {} : { onSegment }),
});

/** Closes what it was given. */
export async function backUpLedger(store: VaultStore, ledger: EvmLedger, choices: Choices = {}): Promise<LedgerBackedUp> {
  try {
    return await backupLedger(givenOf(store, choices), orderOf(ledger, choices));
  } finally {
    ledger.close();
    choices.second?.close();
  }
}

export type LedgerSteps = {
  plan(limits?: Partial<BatchLimits>): Promise<LedgerBatchPlan>;
  store(batch: LedgerBatch): Promise<BatchStored>;
  complete(plan: LedgerBatchPlan, keys: readonly string[]): Promise<LedgerBackedUp>;
  /** All three, the batches at once. */
  all(limits?: Partial<BatchLimits>): Promise<LedgerBackedUp>;
};

/** What goes from one step to the next goes as text, as it does in a workflow. */
export function ledgerSteps(store: VaultStore, ledger: EvmLedger, choices: Choices = {}): LedgerSteps {
  const [given, order] = [givenOf(store, choices), orderOf(ledger, choices)];
  // The steps that read a node are not given what signs.
  const { privateKey: _, ...reading } = given;
  const steps: LedgerSteps = {
    plan: async (limits) => sent(await planLedgerBackup(reading, order, { segmentsPerBatch: 2, batchesMax: 100, ...limits })),
    store: async (batch) => sent(await storeLedgerBatch(reading, order, LedgerBatch.parse(sent(batch)))),
    complete: async (plan, keys) => await completeLedgerBackup(given, order, LedgerBatchPlan.parse(sent(plan)), sent(keys)),
    all: async (limits) => {
      const plan = await steps.plan(limits);
      const keys: string[] = [];
      // Nobody is left under way where one of them fails.
      await inLanes(plan.batches, LANES, async (batch) => void keys.push((await steps.store(batch)).key));
      return await steps.complete(plan, keys);
    },
  };
  return steps;
}

/** Plans, and stores every batch in its order. */
export async function storedInBatches(store: VaultStore, ledger: EvmLedger): Promise<{ steps: LedgerSteps; plan: LedgerBatchPlan; keys: string[] }> {
  const steps = ledgerSteps(store, ledger);
  const plan = await steps.plan();
  const keys: string[] = [];
  for (const batch of plan.batches) keys.push((await steps.store(batch)).key);
  return { steps, plan, keys };
}

const sent = <T>(value: T): T => JSON.parse(JSON.stringify(value));

/** A copy in which the newest backup of a ledger says no state root, as those of earlier versions do. */
export async function withoutStateRoot(store: VaultStore, { chain, ...manifest }: Manifest): Promise<VaultStore> {
  const copy = await replaceObject(store, manifestKey(manifest.source, manifest.sequence), null);
  const silent = { ...manifest, chain: chain === null ? null : { ...chain, stateRoot: null } };
  await writeManifest(copy, silent, privateKey, AbortSignal.timeout(SIGNING_MS_MAX));
  return copy;
}

/** What a backup says of what it holds; when and by which packs is its own. */
export function held({ chain, root, merkleRoot, consistency, counts: { files, sourceBytes, chunks } }: Manifest) {
  return { chain, root, merkleRoot, consistency, files, sourceBytes, chunks };
}

/** Name → bytes in hexadecimal of what a restore of a backup puts at `target`. */
export async function filesOf(store: VaultStore, manifest: Manifest, target: string): Promise<ReadonlyMap<string, string>> {
  const { vault, labour } = testVault();
  await restoreDirectory({ stores: [store], keyring: vault.keyring, labour }, manifest, target);
  const names = (await readdir(target)).toSorted();
  return new Map(await Promise.all(names.map(async (name) => [name, (await readFile(join(target, name))).toString("hex")] as const)));
}
