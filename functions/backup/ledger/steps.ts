/** The three steps of a ledger's backup: what is still to be read, a batch of it, and the backup that comes of all batches. */
import * as z from "zod";
import { completeLedgerBackup } from "../../../adapters/vault/complete-ledger-backup.ts";
import { planLedgerBackup } from "../../../adapters/vault/plan-ledger-backup.ts";
import { storeLedgerBatch } from "../../../adapters/vault/store-ledger-batch.ts";
import { BATCHES_MAX, LedgerBatch, LedgerBatchPlan } from "../../../core/backup/ledger/batches.ts";
import type { Manifest } from "../../../core/backup/vault/manifest.ts";
import { FleetMismatch, JobRefused } from "../../../core/kernel/errors.ts";
import type { FleetNode } from "../../../core/kernel/fleet.ts";
import { NodeId } from "../../../core/kernel/ids.ts";
import type { World } from "../../../core/kernel/ports.ts";
import type { JobResult } from "../../../core/kernel/vault-job.ts";
import { signersOf } from "../signers.ts";
import { BackupStep, holdForLong } from "../working/step.ts";
import { ledgerWork, PACE, REQUEST_MS } from "./given.ts";
import { chooseReaders, lagOfNode, ledgerOf } from "./nodes.ts";
import { ledgerSigner } from "./signer.ts";

const FAULTS_MAX = 20;
/** Each stands in the plan and in the Map's items: half of what Step Functions carries. What is left is the next backup's. */
const BATCHES_AT_MOST = BATCHES_MAX / 2;

export const LedgerStep = BackupStep.extend({
  reader: NodeId.optional(),
  second: NodeId.nullable().optional(),
  newestKnown: z.int().min(0).default(0),
  plan: LedgerBatchPlan.optional(),
  /** Where each batch's step has left its summary. */
  keys: z.array(z.string().max(512)).max(BATCHES_MAX).default([]),
});
export type LedgerStep = z.infer<typeof LedgerStep>;

/** `items` are what a Map hands to one function each; `step` is what the backup is completed from. */
export type PlannedLedger = { readonly step: LedgerStep; readonly items: readonly BatchStep[]; readonly reason: string };

export async function planLedger(world: World, step: LedgerStep): Promise<PlannedLedger> {
  await holdForLong(world, step, "planning what of the ledger is to be read");
  const cell = await world.registry.read("backupSource", step.source);
  const newestKnown = cell.kind === "found" ? (cell.value.newest?.sequence ?? 0) : 0;
  const { given, order, policy } = await ledgerWork(world, step.source, newestKnown);
  const { reader, second } = await chooseReaders(world);
  const ledger = ledgerOf(world, reader);
  try {
    const { blocksPerSegment, segmentsPerBatch } = policy;
    const plan = await planLedgerBackup(
      given,
      { ...order, ledger, requestMs: REQUEST_MS, blocksPerSegment },
      { segmentsPerBatch, batchesMax: BATCHES_AT_MOST },
    );
    const reason = `${plan.batches.length} batches from ${reader.id}, final at ${plan.finalized.height}; ${plan.base}`;
    const { fleet, source, run } = step;
    const items = plan.batches.map((batch) => ({ fleet, source, run, newestKnown, reader: reader.id, batch }));
    return { step: { ...step, reader: reader.id, second: second?.id ?? null, newestKnown, plan }, items, reason };
  } finally {
    ledger.close();
  }
}

export const BatchStep = LedgerStep.pick({ fleet: true, source: true, run: true, newestKnown: true }).extend({ reader: NodeId, batch: LedgerBatch });
export type BatchStep = z.infer<typeof BatchStep>;

/** One of many at once: each has its own place in the vault, and finds there what an earlier attempt has stored. */
export async function storeSegments(world: World, step: BatchStep): Promise<{ key: string; reason: string }> {
  const { batch, source } = step;
  await holdForLong(world, step, `reading blocks ${batch.from} to ${batch.to}`);
  const { given, order, policy } = await ledgerWork(world, source, step.newestKnown);
  const reader = nodeNamed(world, step.reader);
  const ledger = ledgerOf(world, reader);
  try {
    const reading = {
      ledger,
      lagBlocks: () => lagOfNode(world, reader),
      pace: { ...PACE, lagBlocksMax: policy.lagBlocksMax },
      requestMs: REQUEST_MS,
    };
    const { key } = await storeLedgerBatch(given, { ...order, ...reading }, batch);
    return { key, reason: `blocks ${batch.from} to ${batch.to} are stored` };
  } finally {
    ledger.close();
  }
}

export async function completeLedger(world: World, step: LedgerStep): Promise<LedgerStep & { decision: "done"; reason: string }> {
  const { plan, keys, source, newestKnown } = step;
  if (plan === undefined) throw new JobRefused({ node: source, fault: "NoPlan", sentence: "there is no plan to complete" });
  await holdForLong(world, step, "checking that the segments are one chain, with a second node");
  const { vault, given, order } = await ledgerWork(world, source, newestKnown);
  const second = step.second == null ? null : ledgerOf(world, nodeNamed(world, step.second));
  try {
    const reader = nodeNamed(world, step.reader ?? "");
    const chain = { genesisHash: world.fleet.chain.genesisHash, client: reader.client, clientVersion: "" };
    const privateKey = await ledgerSigner(world, vault);
    /** Asked again: the first backup of all has made the key only now. */
    const trust = await signersOf(world);
    const { manifest, left, base, faults } = await completeLedgerBackup(
      { ...given, privateKey, trust },
      { ...order, second, chain, requestMs: REQUEST_MS },
      plan,
      keys,
    );
    const reason = `${base}; ${left} segments are left for the next backup`;
    return { ...step, result: resultOf(manifest, faults), decision: "done", reason };
  } finally {
    second?.close();
  }
}

function resultOf({ source, sequence, writtenAtMs, chain, counts }: Manifest, faults: readonly Error[]): JobResult {
  return {
    kind: "backup",
    source,
    sequence,
    writtenAtMs,
    height: chain?.height ?? null,
    blockHash: chain?.blockHash ?? null,
    sourceBytes: counts.sourceBytes,
    readBytes: counts.readBytes,
    storedBytes: counts.storedBytes,
    files: counts.files,
    stoodStillMs: 0,
    skipped: [],
    skippedCount: 0,
    faults: faults.slice(0, FAULTS_MAX).map(({ message }) => message.slice(0, 1_000)),
  };
}

function nodeNamed(world: World, id: string): FleetNode {
  const node = world.fleet.nodes.find((one) => one.id === id);
  if (node === undefined) throw new FleetMismatch({ what: "the node", found: id, allowed: world.fleet.nodes.map((one) => one.id) });
  return node;
}
