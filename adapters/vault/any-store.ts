/**
 * Reads an object from the nearest store that has it whole: what one lacks, or holds damaged, is read from the next. Only when
 * none has it does the read end, with the fault of the first, since that is the copy a person will look at.
 */
import { ObjectMissing } from "../../core/backup/vault/faults.ts";
import type { Keyring } from "../../core/backup/vault/keyring.ts";
import { judgePack } from "../../core/backup/vault/pack.ts";
import type { IndexedPack } from "../../core/backup/vault/pack-index.ts";
import { PACK_BYTES_MAX } from "../../core/backup/vault/sizes.ts";
import type { VaultStore } from "../../core/kernel/ports.ts";

export async function fromAnyStore<T>(stores: readonly VaultStore[], read: (store: VaultStore) => Promise<T>): Promise<T> {
  let first: unknown = new RangeError("no store was given to read from");
  for (const [index, store] of stores.entries()) {
    try {
      return await read(store);
    } catch (fault) {
      if (index === 0) first = fault;
    }
  }
  throw first;
}

/** What is wrong with a pack of which something did not open: the whole object is read again to tell. */
export async function packFault(store: VaultStore, key: string, pack: IndexedPack, keyring: Keyring): Promise<unknown> {
  const object = `${store.name}/${key}`;
  const whole = await store.get(key, { bytesMax: PACK_BYTES_MAX });
  if (whole.kind === "absent") return new ObjectMissing({ object, reason: "it was there a moment ago" });
  return judgePack(whole.bytes, { ...pack, vault: keyring.vault }, object, (header) => keyring.keyOf("pack", header, object));
}
