/**
 * What a vault holds, from its indexes: for a restore exactly those that the manifest names, for a writer its own and those
 * of others whose contents somebody else has verified, so that one captured node cannot make another refer to rubbish.
 */
import { ChunkTable } from "../../core/backup/vault/chunk-table.ts";
import { ObjectMisplaced, ObjectMissing, VaultFault } from "../../core/backup/vault/faults.ts";
import type { Keyring } from "../../core/backup/vault/keyring.ts";
import { indexKey, indexPrefix, packKey } from "../../core/backup/vault/manifest.ts";
import { objectName } from "../../core/backup/vault/pack.ts";
import { decodeIndex, type IndexedPack } from "../../core/backup/vault/pack-index.ts";
import { INDEX_BYTES_MAX } from "../../core/backup/vault/sizes.ts";
import type { VaultStore } from "../../core/kernel/ports.ts";
import { fromAnyStore } from "./any-store.ts";
import { listAll } from "./listing.ts";

export type NamedIndex = { readonly writer: string; readonly name: string; readonly sizeBytes: number };
/** Indexes read at once: each is small, and the time goes into waiting for a bucket. */
const AT_ONCE = 8;

export class Catalogue {
  readonly table = new ChunkTable();
  readonly indexes: NamedIndex[] = [];
  /** By a pack's number in the table: who wrote it, and which index named it. */
  private readonly origins: { writer: string; index: NamedIndex }[] = [];
  private readonly numbers = new Map<string, number>();

  /** A pack that a second index names again stays with the first; one that is to be removed is not taken in. */
  add(index: NamedIndex, packs: readonly IndexedPack[], isCondemned: (key: string) => boolean): void {
    this.indexes.push(index);
    for (const pack of packs) {
      if (this.numbers.has(pack.name) || isCondemned(packKey(index.writer, pack.name))) continue;
      this.numbers.set(pack.name, this.table.addPack(pack));
      this.origins.push({ writer: index.writer, index });
    }
  }

  readonly writerOf = (pack: IndexedPack): string => this.originOf(pack).writer;
  readonly indexOf = (pack: IndexedPack): NamedIndex => this.originOf(pack).index;

  private originOf(pack: IndexedPack): { writer: string; index: NamedIndex } {
    const origin = this.origins[this.numbers.get(pack.name) ?? -1];
    if (origin === undefined) throw new RangeError(`pack ${pack.name} is in none of this catalogue's indexes`);
    return origin;
  }
}

/** The named indexes, each from the first store that has it whole. Throws the fault of one that none has. */
export async function loadCatalogue(stores: readonly VaultStore[], keyring: Keyring, indexes: readonly NamedIndex[]): Promise<Catalogue> {
  const { catalogue, faults } = await loadUsable(stores, keyring, indexes);
  const [fault] = faults;
  if (fault !== undefined) throw fault;
  return catalogue;
}

/** As many of the indexes as are whole, without what a sweep has condemned, and what is wrong with the others: a writer then stores again what they named. */
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
  const digest = objectName(got.bytes);
  const decode = (): IndexedPack[] => decodeIndex(got.bytes, object, keyring.vault, (header) => keyring.keyOf("index", header, object));
  if (digest === name) return decode();
  decode();
  // It opens, so it is genuine; its name says that it is another.
  throw new ObjectMisplaced({ object, reason: `it is the whole index ${digest}` });
}
