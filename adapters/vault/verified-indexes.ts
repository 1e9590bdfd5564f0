/**
 * Which other writers' indexes one writer may refer to: those all of whose packs somebody who is not their writer has opened whole. A
 * captured node can write rubbish under its own names; nobody else's backup depends on it before this says so.
 */
import type { Keyring } from "../../core/backup/vault/keyring.ts";
import type { VaultStore } from "../../core/kernel/ports.ts";
import { distinctIndexes, loadUsable, type NamedIndex } from "./catalogue.ts";
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
  const manifests = await Promise.all(sources.map((source) => newestManifest(store, source, keyring.vault, trust).catch(() => null)));
  const candidates = distinctIndexes(manifests.flatMap((found) => found?.manifest.indexes ?? [])).filter((index) => index.writer !== writer);
  if (candidates.length === 0) return [];
  const { provenAtMs } = await readProofs(store);
  const verified = new Set<NamedIndex>();
  /** Each index for itself: what two of them name would else count for one of them only. */
  await inLanes(candidates.slice(0, INDEXES_MAX), AT_ONCE, async (index) => {
    const { packs } = (await loadUsable([store], keyring, [index])).catalogue.table;
    if (packs.length > 0 && packs.every(({ name }) => provenAtMs.has(name))) verified.add(index);
  });
  return candidates.filter((index) => verified.has(index));
}
