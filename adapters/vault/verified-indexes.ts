/**
 * Which other writers' indexes one writer may refer to: those all of whose packs somebody who is not their writer has opened whole. A
 * captured node can write rubbish under its own names; nobody else's backup depends on it before this says so.
 */
import type { Keyring } from "../../core/backup/vault/keyring.ts";
import type { VaultStore } from "../../core/kernel/ports.ts";
import { distinctIndexes, loadUsable, type NamedIndex } from "./catalogue.ts";
import { newestManifest, type Trust } from "./manifests.ts";
import { readProofs } from "./proofs.ts";

/** What one order carries; more are not needed before many nodes have many backups. */
const INDEXES_MAX = 1_000;

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
  const { catalogue } = await loadUsable([store], keyring, candidates.slice(0, INDEXES_MAX));
  const unproven = new Set(catalogue.table.packs.filter(({ name }) => !provenAtMs.has(name)).map((pack) => catalogue.indexOf(pack).name));
  const seen = new Set(catalogue.table.packs.map((pack) => catalogue.indexOf(pack).name));
  return candidates.filter(({ name }) => seen.has(name) && !unproven.has(name)).slice(0, INDEXES_MAX);
}
