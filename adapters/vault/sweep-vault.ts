/**
 * Gives a store's space back: one sweep reads what all manifests name, condemns what none does, and removes what was condemned a
 * grace ago. A store is swept for itself, so a bad sweep stays in one Region.
 */
import { BATCHES_PREFIX } from "../../core/backup/ledger/batch-summary.ts";
import { INDEXES_PREFIX, keysNamedBy, PACKS_PREFIX } from "../../core/backup/vault/manifest.ts";
import { type Condemned, decideSweep, MANIFEST_MS_MAX, type SweepDecision } from "../../core/backup/vault/sweep.ts";
import { SWEEP_BYTES_MAX, SweepFile, sweepKey, sweepPrefix } from "../../core/backup/vault/sweep-file.ts";
import { Transient } from "../../core/kernel/errors.ts";
import type { Clock, VaultObject, VaultStore } from "../../core/kernel/ports.ts";
import { lastKey, listAll, readJson } from "./listing.ts";
import { readEveryManifest, type Trust } from "./manifests.ts";

/** The sweep took so long that a manifest may have been written unseen. */
export class SweepOvertaken extends Transient {
  override readonly name = "SweepOvertaken";
  constructor({ store, tookMs }: { store: string; tookMs: number }) {
    super(`sweeping ${store} took ${Math.round(tookMs / 1_000)} s to read, at most ${MANIFEST_MS_MAX / 1_000} s are safe. Nothing was removed.`);
  }
}

/** What no manifest ever names, as a batch, is there for the runs of a day or so. */
const SWEPT_PREFIXES = [PACKS_PREFIX, INDEXES_PREFIX, BATCHES_PREFIX];

export type Swept = SweepDecision & { readonly freedBytes: number };

/** Throws the fault of a manifest that cannot be read: what it names is not known, so nothing may be removed. */
export async function sweepVault(store: VaultStore, vault: Uint8Array, trust: Trust, clock: Clock): Promise<Swept> {
  const nowMs = clock.wallMs();
  const condemned = await readCondemned(store);
  const referred = new Set<string>();
  for await (const { manifest } of readEveryManifest(store, vault, trust)) {
    for (const key of keysNamedBy(manifest)) referred.add(key);
  }
  const objects: VaultObject[] = [];
  for (const prefix of SWEPT_PREFIXES) for await (const object of listAll(store, prefix)) objects.push(object);
  const tookMs = clock.wallMs() - nowMs;
  if (tookMs > MANIFEST_MS_MAX) throw new SweepOvertaken({ store: store.name, tookMs });
  const decided = decideSweep({ objects, referred, condemned, nowMs });
  for (const { key } of decided.remove) await store.remove(key);
  const gone = new Set([...decided.spare, ...decided.remove.map(({ key }) => key)]);
  const remaining = condemned.filter(({ key }) => !gone.has(key));
  await writeCondemned(store, [...remaining, ...decided.condemn.map(({ key }) => ({ key, atMs: clock.wallMs() }))], clock.wallMs());
  return { ...decided, freedBytes: decided.remove.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0) };
}

export async function readCondemned(store: VaultStore): Promise<readonly Condemned[]> {
  const newest = await lastKey(store, sweepPrefix(store.place));
  if (newest === null) return [];
  return (await readJson(store, newest, SweepFile, SWEEP_BYTES_MAX))?.condemned ?? (await readCondemned(store));
}

async function writeCondemned(store: VaultStore, condemned: readonly Condemned[], atMs: number): Promise<void> {
  const before: string[] = [];
  for await (const { key } of listAll(store, sweepPrefix(store.place))) before.push(key);
  if (condemned.length === 0 && before.length === 0) return;
  const file: SweepFile = { format: 1, atMs, condemned: [...condemned] };
  const own = sweepKey(store.place, atMs);
  await store.put(own, Buffer.from(JSON.stringify(file), "utf8"));
  for (const key of before) if (key !== own) await store.remove(key);
}
