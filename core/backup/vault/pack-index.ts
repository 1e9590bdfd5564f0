/**
 * An index: which chunk is where, for some packs of one writer, in one object that a restore reads whole. Its sealed list:
 * number of packs, and of each its name (32), epoch, salt (32), size in bytes, and its table.
 */
import { ByteReader, ByteWriter } from "./bytes.ts";
import type { ObjectHeader } from "./object-header.ts";
import { readBlocks, type StoredBlock, writeBlocks } from "./pack-table.ts";
import { openList, sealList } from "./sealed-list.ts";
import { SALT_BYTES } from "./sealing.ts";
import { CHUNKS_PER_INDEX_MAX, INDEX_BYTES_MAX, PACK_BYTES_MAX, PACKS_PER_BACKUP_MAX } from "./sizes.ts";

const NAME_BYTES = 32;
const EPOCH_MAX = 2 ** 32 - 1;

/** `name` in hexadecimal, as in the pack's key. */
export type IndexedPack = {
  readonly name: string;
  readonly epoch: number;
  readonly salt: Uint8Array;
  readonly sizeBytes: number;
  readonly blocks: readonly StoredBlock[];
};

/** Whether two indexes say the same of a pack of one name. */
export function isSamePack(one: IndexedPack, other: IndexedPack): boolean {
  return describe(one).equals(describe(other));
}

function describe({ epoch, salt, sizeBytes, blocks }: IndexedPack): Buffer {
  const text = new ByteWriter(1_024).number(epoch).fixed(salt).number(sizeBytes);
  writeBlocks(text, blocks);
  return text.finish();
}

const chunksIn = (packs: readonly IndexedPack[]): number =>
  packs.reduce((sum, { blocks }) => sum + blocks.reduce((all, { chunks }) => all + chunks.length, 0), 0);

/** Whether an index of these packs takes one more. */
export const fitsIndex = (packs: readonly IndexedPack[], next: IndexedPack): boolean => chunksIn([...packs, next]) <= CHUNKS_PER_INDEX_MAX;

export function encodeIndex(header: ObjectHeader, key: Uint8Array, packs: readonly IndexedPack[]): { name: string; bytes: Buffer } {
  const list = new ByteWriter(64 * 1024).number(packs.length);
  for (const { name, epoch, salt, sizeBytes, blocks } of packs) {
    list.fixed(Buffer.from(name, "hex")).number(epoch).fixed(salt).number(sizeBytes);
    writeBlocks(list, blocks);
  }
  return sealList("index", header, key, list.finish());
}

/** `keyOf` gives the key that the header asks for, or throws `KeyUnknown`. */
export function decodeIndex(bytes: Buffer, object: string, vault: Uint8Array, keyOf: (header: ObjectHeader) => Uint8Array): IndexedPack[] {
  const list = openList({ purpose: "index", lengthMax: INDEX_BYTES_MAX }, bytes, object, vault, keyOf);
  const reader = new ByteReader(list, object);
  const count = reader.number("the number of packs", PACKS_PER_BACKUP_MAX);
  const packs = Array.from({ length: count }, (): IndexedPack => {
    const name = Buffer.from(reader.fixed("a pack's name", NAME_BYTES)).toString("hex");
    const epoch = reader.number("a pack's epoch", EPOCH_MAX);
    const salt = reader.fixed("a pack's salt", SALT_BYTES);
    const sizeBytes = reader.number("a pack's size", PACK_BYTES_MAX);
    return { name, epoch, salt, sizeBytes, blocks: readBlocks(reader) };
  });
  reader.end();
  return packs;
}
