/**
 * What a vault holds, from its indexes: for a restore exactly those that the manifest names, for a writer its own and those
 * of others whose contents somebody else has verified, so that one captured node cannot make another refer to rubbish.
 */
import { ChunkTable } from "../../core/backup/vault/chunk-table.ts";
import { ObjectMisplaced, ObjectMissing, VaultFault } from "../../core/backup/vault/faults.ts";
import type { Keyring } from "../../core/backup/vault/keyring.ts";
import { indexKey, indexPrefix, packKey } from "../../core/backup/vault/manifest.ts";
import { objectName } from "../../core/backup/vault/pack.ts";
import { decodeIndex, type IndexedPack, isSamePack } from "../../core/backup/vault/pack-index.ts";
import { INDEX_BYTES_MAX } from "../../core/backup/vault/sizes.ts";
import type { VaultStore } from "../../core/kernel/ports.ts";
import { fromAnyStore } from "./any-store.ts";
import { listAll } from "./listing.ts";

export type NamedIndex = { readonly writer: string; readonly name: string; readonly sizeBytes: number };
/** Indexes read at once: each is small, and the time goes into waiting for a bucket. */
const AT_ONCE = 8;

export class Catalogue {
  readonly table = new ChunkTable();
  /** By a pack's name: which index named it first. */
  private readonly origins = new Map<string, NamedIndex>();
  private readonly described = new Map<string, IndexedPack>();
  /** Packs of which a second index says something else than the first: one of the two names contents that are not in it. */
  readonly disputed = new Set<string>();

  /** A pack that a second index names again stays with the first; one that is to be removed is not taken in. */
  add(index: NamedIndex, packs: readonly IndexedPack[], isCondemned: (key: string) => boolean): void {
    for (const pack of packs) {
      const known = this.described.get(pack.name);
      if (known !== undefined && !isSamePack(known, pack)) this.disputed.add(pack.name);
      if (known !== undefined || isCondemned(packKey(index.writer, pack.name))) continue;
      this.table.addPack(pack);
      this.described.set(pack.name, pack);
      this.origins.set(pack.name, index);
    }
  }

  /** An index names packs of its own writer only. */
  readonly indexOf = ({ name }: IndexedPack): NamedIndex => {
    const origin = this.origins.get(name);
    if (origin === undefined) throw new RangeError(`pack ${name} is in none of this catalogue's indexes`);
    return origin;
  };
}

/** Each once, whoever names it. */
export function distinctIndexes(indexes: readonly NamedIndex[]): NamedIndex[] {
  return [...new Map(indexes.map((index) => [indexKey(index.writer, index.name), index])).values()];
}

/** The named indexes, each from the first store that has it whole. Throws the fault of one that none has. */
export async function loadCatalogue(stores: readonly VaultStore[], keyring: Keyring, indexes: readonly NamedIndex[]): Promise<Catalogue> {
  const { catalogue, faults } = await loadUsable(stores, keyring, indexes);
  const [fault] = faults;
  if (fault !== undefined) throw fault;
  return catalogue;
}

/**
 * As many of the indexes as are whole, without what a sweep has condemned, and what is wrong with the others: a writer then
 * stores again what they named.
 */
export async function loadUsable(
  stores: readonly VaultStore[],
  keyring: Keyring,
  indexes: readonly NamedIndex[],
  isCondemned: (key: string) => boolean = () => false,
): Promise<{ catalogue: Catalogue; faults: readonly Error[] }> {
  const catalogue = new Catalogue();
  const faults: Error[] = [];
  const usable = indexes.filter(({ writer, name }) => !isCondemned(indexKey(writer, name)));
  for (let start = 0; start < usable.length; start += AT_ONCE) {
    const part = usable.slice(start, start + AT_ONCE);
    const read = await Promise.allSettled(part.map((index) => fromAnyStore(stores, (store) => readIndex(store, keyring, index))));
    for (const [offset, result] of read.entries()) {
      if (result.status === "fulfilled") catalogue.add(part[offset] as NamedIndex, result.value, isCondemned);
      else if (result.reason instanceof VaultFault) faults.push(result.reason);
      else throw result.reason;
    }
  }
  return { catalogue, faults };
}

/** Every index that a writer ever stored here, those of runs that died included. */
export async function listIndexes(store: VaultStore, writer: string): Promise<NamedIndex[]> {
  const found: NamedIndex[] = [];
  const prefix = indexPrefix(writer);
  for await (const { key, sizeBytes } of listAll(store, prefix)) found.push({ writer, name: key.slice(prefix.length), sizeBytes });
  return found;
}

async function readIndex(store: VaultStore, keyring: Keyring, { writer, name }: NamedIndex): Promise<IndexedPack[]> {
  const key = indexKey(writer, name);
  const object = `${store.name}/${key}`;
  const got = await store.get(key, { bytesMax: INDEX_BYTES_MAX });
  if (got.kind === "absent") throw new ObjectMissing({ object, reason: "a manifest names it" });
  const packs = decodeIndex(got.bytes, object, keyring.vault, (header) => keyring.keyOf("index", header, object));
  const digest = objectName(got.bytes);
  // It opens, so it is genuine; its name says which it is.
  if (digest !== name) throw new ObjectMisplaced({ object, reason: `it is the whole index ${digest}` });
  return packs;
}
