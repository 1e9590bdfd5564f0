/**
 * An index: which chunk is where, for some packs of one writer, in one object that a restore reads whole. Like a pack it is
 * named by the SHA-256 of its bytes.
 *
 *     header (64)   sealed list   codec (1)  list's length (4)
 *
 * The list: number of packs, and of each its name (32), epoch, salt (32), size in bytes, and its table.
 */
import { ByteReader, ByteWriter } from "./bytes.ts";
import { ObjectCorrupt, ObjectTruncated } from "./faults.ts";
import { decodeHeader, encodeHeader, HEADER_BYTES, type ObjectHeader } from "./object-header.ts";
import { objectName } from "./pack.ts";
import { readBlocks, type StoredBlock, writeBlocks } from "./pack-table.ts";
import { CODEC_MAX, type Codec, openBlock, SALT_BYTES, sealBlock } from "./sealing.ts";
import { INDEX_BYTES_MAX, PACK_BYTES_MAX, PACKS_PER_BACKUP_MAX } from "./sizes.ts";

const FOOTER_BYTES = 5;
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

export function encodeIndex(header: ObjectHeader, key: Uint8Array, packs: readonly IndexedPack[]): { name: string; bytes: Buffer } {
  const list = new ByteWriter(64 * 1024).number(packs.length);
  for (const { name, epoch, salt, sizeBytes, blocks } of packs) {
    list.fixed(Buffer.from(name, "hex")).number(epoch).fixed(salt).number(sizeBytes);
    writeBlocks(list, blocks);
  }
  const head = encodeHeader("index", header);
  const { codec, plainBytes, sealed } = sealBlock({ key, header: head, number: 0 }, list.finish());
  const footer = Buffer.alloc(FOOTER_BYTES);
  footer.writeUInt8(codec, 0);
  footer.writeUInt32BE(plainBytes, 1);
  const bytes = Buffer.concat([head, sealed, footer]);
  return { name: objectName(bytes), bytes };
}

/** `keyOf` gives the key that the header asks for, or throws `KeyUnknown`. */
export function decodeIndex(bytes: Buffer, object: string, vault: Uint8Array, keyOf: (header: ObjectHeader) => Uint8Array): IndexedPack[] {
  const header = decodeHeader("index", bytes, vault, object);
  if (bytes.length < HEADER_BYTES + FOOTER_BYTES) throw new ObjectTruncated({ object, reason: `it has ${bytes.length} bytes` });
  const footer = bytes.subarray(-FOOTER_BYTES);
  const codec = footer.readUInt8(0);
  const plainBytes = footer.readUInt32BE(1);
  if (codec > CODEC_MAX || plainBytes > INDEX_BYTES_MAX) throw new ObjectCorrupt({ object, reason: "its last bytes do not describe a list" });
  const place = { key: keyOf(header), header: bytes.subarray(0, HEADER_BYTES), number: 0 };
  const list = openBlock(place, { codec: codec as Codec, plainBytes, sealed: bytes.subarray(HEADER_BYTES, -FOOTER_BYTES) });
  if (list === null) throw new ObjectCorrupt({ object, reason: "its list does not open" });
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
