/**
 * Which other writers' indexes one writer may refer to: those all of whose packs somebody who is not their writer has opened whole. A
 * captured node can write rubbish under its own names; nobody else's backup depends on it before this says so.
 */
import { unlessDamaged } from "../../core/backup/vault/faults.ts";
import type { Keyring } from "../../core/backup/vault/keyring.ts";
import type { IndexedPack } from "../../core/backup/vault/pack-index.ts";
import type { VaultStore } from "../../core/kernel/ports.ts";
import { Catalogue, distinctIndexes, loadUsable, type NamedIndex } from "./catalogue.ts";
import { inLanes } from "./in-lanes.ts";
import { newestManifest, type Trust } from "./manifests.ts";
import { readProofs } from "./proofs.ts";

/** What one order carries; more are not needed before many nodes have many backups. */
const INDEXES_MAX = 1_000;
/** Small objects: the time goes into waiting for a bucket. */
const AT_ONCE = 8;

/** Of the newest backup of each of `sources`, without `writer`'s own. A source whose newest manifest is damaged has none. */
export async function verifiedIndexes(
  { store, keyring, trust }: { readonly store: VaultStore; readonly keyring: Keyring; readonly trust: Trust },
  sources: readonly string[],
  writer: string,
): Promise<NamedIndex[]> {
  const manifests = await Promise.all(sources.map((source) => newestManifest(store, source, keyring.vault, trust).catch(unlessDamaged)));
  const candidates = distinctIndexes(manifests.flatMap((found) => found?.manifest.indexes ?? [])).filter((index) => index.writer !== writer);
  if (candidates.length === 0) return [];
  const { provenAtMs } = await readProofs(store);
  const all = new Catalogue();
  const packsOf = new Map<NamedIndex, readonly IndexedPack[]>();
  /** Each index for itself: what two of them name would else count for one of them only. */
  await inLanes(candidates.slice(0, INDEXES_MAX), AT_ONCE, async (index) => {
    const { packs } = (await loadUsable([store], keyring, [index])).catalogue.table;
    packsOf.set(index, packs);
    all.add(index, packs, () => false);
  });
  const isVerified = ({ name }: IndexedPack): boolean => provenAtMs.has(name) && !all.disputed.has(name);
  return candidates.filter((index) => {
    const packs = packsOf.get(index) ?? [];
    return packs.length > 0 && packs.every(isVerified);
  });
}
