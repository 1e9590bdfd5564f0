/**
 * Reads a vault's chunks by their ids: small streams as bytes, large ones straight into open files, pack by pack. Several stores
 * may be given, the nearest first: what one lacks or holds damaged is read from the next, object by object, and only when none
 * has it whole does the read end, with the first store's own fault.
 */
import type { ChunkTable } from "../../core/backup/vault/chunk-table.ts";
import { ObjectMissing } from "../../core/backup/vault/faults.ts";
import type { IndexedPack } from "../../core/backup/vault/index.ts";
import type { Keyring } from "../../core/backup/vault/keyring.ts";
import { packKey } from "../../core/backup/vault/manifest.ts";
import { encodeHeader, HEADER_BYTES } from "../../core/backup/vault/object-header.ts";
import { judgePack } from "../../core/backup/vault/pack.ts";
import { PACK_BYTES_MAX } from "../../core/backup/vault/sizes.ts";
import type { VaultStore } from "../../core/kernel/ports.ts";
import type { BlockToOpen, Labour } from "./labour.ts";

/** From this share on a whole pack is read in one request, and its digest checked with it. */
const WHOLE_SHARE = 0.5;

export type VaultReaderGiven = {
  readonly stores: readonly VaultStore[];
  readonly keyring: Keyring;
  readonly table: ChunkTable;
  /** Who wrote each of the table's packs: a part of its key. */
  readonly writerOf: (pack: IndexedPack) => string;
  readonly labour: Labour;
  readonly signal?: AbortSignal;
};
export type WantedBlock = Pick<BlockToOpen, "number" | "pieces">;

/** Opens the wanted blocks of one pack and writes their pieces. Resolves to how many bytes were opened. */
export async function openFromPack(given: VaultReaderGiven, pack: IndexedPack, wanted: readonly WantedBlock[]): Promise<number> {
  let first: unknown;
  for (const store of given.stores) {
    try {
      return await openFromStore(given, store, pack, wanted);
    } catch (fault) {
      first ??= fault;
    }
  }
  throw first;
}

async function openFromStore(given: VaultReaderGiven, store: VaultStore, pack: IndexedPack, wanted: readonly WantedBlock[]): Promise<number> {
  const { keyring, labour, signal } = given;
  const key = packKey(given.writerOf(pack), pack.name);
  const object = `${store.name}/${key}`;
  const plan = planRead(pack, wanted);
  const range = plan.whole ? {} : { range: { offset: plan.startBytes, length: plan.endBytes - plan.startBytes } };
  const got = await store.get(key, { bytesMax: PACK_BYTES_MAX, ...range, ...(signal ? { signal } : {}) });
  if (got.kind === "absent") throw new ObjectMissing({ object, reason: "an index names it" });
  const sizeBytes = got.bytes.length;
  if (sizeBytes === plan.endBytes - plan.startBytes) {
    const header = { vault: keyring.vault, epoch: pack.epoch, salt: pack.salt };
    const blocks = plan.blocks.map((each) => ({ ...each, startBytes: each.startBytes - plan.startBytes }));
    const opened = await labour.run({
      kind: "open",
      bytes: got.bytes,
      name: plan.whole ? pack.name : null,
      key: keyring.keyOf("pack", header, object),
      header: encodeHeader("pack", header),
      blocks,
    });
    if (opened.kind === "opened") return opened.plainBytes;
  }
  throw await faultOf(given, store, key, pack);
}

/** Reads the whole object again to say what is wrong with it. */
async function faultOf({ keyring, signal }: VaultReaderGiven, store: VaultStore, key: string, pack: IndexedPack): Promise<unknown> {
  const object = `${store.name}/${key}`;
  const whole = await store.get(key, { bytesMax: PACK_BYTES_MAX, ...(signal ? { signal } : {}) });
  if (whole.kind === "absent") return new ObjectMissing({ object, reason: "it was there a moment ago" });
  return judgePack(whole.bytes, { ...pack, vault: keyring.vault }, object, (header) => keyring.keyOf("pack", header, object));
}

type Plan = { readonly whole: boolean; readonly startBytes: number; readonly endBytes: number; readonly blocks: readonly BlockToOpen[] };

function planRead(pack: IndexedPack, wanted: readonly WantedBlock[]): Plan {
  const starts: number[] = [];
  let at = HEADER_BYTES;
  for (const block of pack.blocks) {
    starts.push(at);
    at += block.sealedBytes;
  }
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
