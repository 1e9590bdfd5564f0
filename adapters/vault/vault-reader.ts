/**
 * Opens blocks pack by pack: to verify them, and to write their pieces straight into open files. One request a pack, for just
 * the span that is wanted, or for the whole pack where that is most of it.
 */
import { ObjectMissing } from "../../core/backup/vault/faults.ts";
import type { Keyring } from "../../core/backup/vault/keyring.ts";
import { packKey } from "../../core/backup/vault/manifest.ts";
import { encodeHeader } from "../../core/backup/vault/object-header.ts";
import type { IndexedPack } from "../../core/backup/vault/pack-index.ts";
import { blockStarts } from "../../core/backup/vault/pack-table.ts";
import { PACK_BYTES_MAX } from "../../core/backup/vault/sizes.ts";
import type { VaultStore } from "../../core/kernel/ports.ts";
import { fromAnyStore, packFault } from "./any-store.ts";
import type { Catalogue } from "./catalogue.ts";
import type { BlockToOpen, Labour } from "./labour.ts";
import type { Memory } from "./memory.ts";

/** From this share on a whole pack is read. */
const WHOLE_SHARE = 0.5;

export type VaultReaderGiven = {
  readonly stores: readonly VaultStore[];
  readonly keyring: Keyring;
  readonly catalogue: Catalogue;
  readonly labour: Labour;
  /** Lends room for one pack each. */
  readonly memory: Memory;
  /** A pack that is read whole is also held against its name. A restore need not: each block is authenticated, each chunk named again. */
  readonly comparesDigests: boolean;
  readonly signal?: AbortSignal;
};
export type WantedBlock = Pick<BlockToOpen, "number" | "pieces">;

/** Opens the wanted blocks of one pack and writes their pieces. Resolves to how many bytes were opened. */
export async function openFromPack(given: VaultReaderGiven, pack: IndexedPack, wanted: readonly WantedBlock[]): Promise<number> {
  const into = await given.memory.borrow();
  try {
    return await fromAnyStore(given.stores, (store) => openFromStore(given, store, pack, wanted, into));
  } finally {
    given.memory.giveBack(into);
  }
}

async function openFromStore(
  given: VaultReaderGiven,
  store: VaultStore,
  pack: IndexedPack,
  wanted: readonly WantedBlock[],
  into: Uint8Array,
): Promise<number> {
  const { keyring, labour, signal } = given;
  const key = packKey(given.catalogue.indexOf(pack).writer, pack.name);
  const object = `${store.name}/${key}`;
  const plan = planRead(pack, wanted);
  const range = plan.whole ? {} : { range: { offset: plan.startBytes, length: plan.endBytes - plan.startBytes } };
  const got = await store.get(key, { bytesMax: PACK_BYTES_MAX, into, ...range, ...(signal ? { signal } : {}) });
  if (got.kind === "absent") throw new ObjectMissing({ object, reason: "an index names it" });
  const sizeBytes = got.bytes.length;
  if (sizeBytes === plan.endBytes - plan.startBytes) {
    const header = { vault: keyring.vault, epoch: pack.epoch, salt: pack.salt };
    const blocks = plan.blocks.map((each) => ({ ...each, startBytes: each.startBytes - plan.startBytes }));
    const opened = await labour.run({
      kind: "open",
      bytes: got.bytes,
      name: plan.whole && given.comparesDigests ? pack.name : null,
      key: keyring.keyOf("pack", header, object),
      header: encodeHeader("pack", header),
      blocks,
    });
    if (opened.kind === "opened") return opened.plainBytes;
  }
  throw await packFault(store, key, pack, keyring);
}

type Plan = { readonly whole: boolean; readonly startBytes: number; readonly endBytes: number; readonly blocks: readonly BlockToOpen[] };

function planRead(pack: IndexedPack, wanted: readonly WantedBlock[]): Plan {
  const starts = blockStarts(pack.blocks);
  const blocks = wanted.map(({ number, pieces }): BlockToOpen => {
    const block = pack.blocks[number];
    const startBytes = starts[number];
    if (block === undefined || startBytes === undefined) throw new RangeError(`pack ${pack.name} has no block ${number}`);
    return { number, block, startBytes, pieces };
  });
  const startBytes = Math.min(...blocks.map((each) => each.startBytes));
  const endBytes = Math.max(...blocks.map((each) => each.startBytes + each.block.sealedBytes));
  if (endBytes - startBytes >= pack.sizeBytes * WHOLE_SHARE) return { whole: true, startBytes: 0, endBytes: pack.sizeBytes, blocks };
  return { whole: false, startBytes, endBytes, blocks };
}
