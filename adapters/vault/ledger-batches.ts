/**
 * Summaries of batches in a vault. Whoever stores one never overwrites another, and nobody but a sweep removes them: a backup needs
 * no right to remove anything. They are sealed as an index is: what a backup is made of shall be written by somebody who has the
 * vault's key, and the lengths of segments are nobody else's business.
 */

import { batchKey, batchPrefix, decodeSummary, encodeSummary } from "../../core/backup/ledger/batch-summary.ts";
import type { LedgerBatch, LedgerBatchSummary } from "../../core/backup/ledger/batches.ts";
import { ObjectMisplaced } from "../../core/backup/vault/faults.ts";
import type { Keyring } from "../../core/backup/vault/keyring.ts";
import { objectName } from "../../core/backup/vault/pack.ts";
import { SALT_BYTES } from "../../core/backup/vault/sealing.ts";
import { BATCH_BYTES_MAX } from "../../core/backup/vault/sizes.ts";
import type { Entropy, VaultStore } from "../../core/kernel/ports.ts";

/** Each is a run that found none of those before usable. */
const SUMMARIES_MAX = 32;

type Given = { readonly store: VaultStore; readonly vault: { readonly keyring: Keyring }; readonly entropy: Entropy };

/** Its key. */
export async function writeSummary({ store, vault, entropy }: Given, summary: LedgerBatchSummary): Promise<string> {
  const { keyring } = vault;
  const header = { vault: keyring.vault, epoch: keyring.epoch, salt: entropy.bytes(SALT_BYTES) };
  const { name, bytes } = encodeSummary(header, keyring.keyOf("batch", header, "a new batch"), summary);
  const { from, to } = summary.batch;
  const key = batchKey({ source: summary.source, from, to, name });
  await store.put(key, bytes);
  return key;
}

/** Null where there is none of that key: a sweep removes them in the end. Throws the fault of one that is damaged, or another's. */
export async function readSummary({ store, vault: { keyring } }: Omit<Given, "entropy">, key: string): Promise<LedgerBatchSummary | null> {
  const got = await store.get(key, { bytesMax: BATCH_BYTES_MAX });
  if (got.kind === "absent") return null;
  const object = `${store.name}/${key}`;
  const summary = decodeSummary(got.bytes, object, keyring.vault, (header) => keyring.keyOf("batch", header, object));
  const { source, batch } = summary;
  const { from, to } = batch;
  const own = batchKey({ source, from, to, name: objectName(got.bytes) });
  if (own !== key) throw new ObjectMisplaced({ object, reason: `it belongs under ${own}` });
  return summary;
}

/** Where summaries of a batch's blocks lie: also such as are of another fork, or of packs that are gone. */
export async function summariesOf(store: VaultStore, source: string, batch: LedgerBatch): Promise<readonly string[]> {
  const found = await store.list(batchPrefix(source, batch), { limit: SUMMARIES_MAX });
  return found.map(({ key }) => key);
}
