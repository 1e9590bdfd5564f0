/**
 * A pack: one object of many sealed blocks. Its name is the SHA-256 of its bytes, so anybody who holds no key can tell a whole
 * copy from a damaged one, and writing a pack twice writes the same object.
 *
 *     header (64)   block 0, block 1, …   table (sealed)   codec (1)  table's length (4)  table's stored length (4)
 */
import { hash } from "node:crypto";
import { ByteReader, ByteWriter } from "./bytes.ts";
import { FormatUnknown, ObjectCorrupt, ObjectForeign, ObjectMisplaced, ObjectTruncated } from "./faults.ts";
import { decodeHeader, HEADER_BYTES, type ObjectHeader } from "./object-header.ts";
import { readBlocks, type StoredBlock, writeBlocks } from "./pack-table.ts";
import { CODEC_MAX, type Codec, openBlock, sealBlock } from "./sealing.ts";
import { TABLE_BYTES_MAX } from "./sizes.ts";

/** No block can have it: a pack has 4,096 at most. */
const TABLE_NUMBER = 0xff_ff_ff_ff;
const FOOTER_BYTES = 9;

export type PackEnd = { readonly table: Buffer; readonly footer: Buffer };

/** What follows a pack's blocks. */
export function packEnd(place: { key: Uint8Array; header: Uint8Array }, blocks: readonly StoredBlock[]): PackEnd {
  const writer = new ByteWriter(64 * 1024);
  writeBlocks(writer, blocks);
  const { codec, plainBytes, sealed } = sealBlock({ ...place, number: TABLE_NUMBER }, writer.finish());
  const footer = Buffer.alloc(FOOTER_BYTES);
  footer.writeUInt8(codec, 0);
  footer.writeUInt32BE(plainBytes, 1);
  footer.writeUInt32BE(sealed.length, 5);
  return { table: sealed, footer };
}

export function objectName(bytes: Uint8Array): string {
  return hash("sha256", bytes, "hex");
}

export type PackRead = { readonly header: ObjectHeader; readonly blocks: readonly StoredBlock[] };

/** The table at a pack's end, from the whole pack. `keyOf` gives the key that the header asks for, or throws `KeyUnknown`. */
export function readPackTable(bytes: Buffer, object: string, vault: Uint8Array, keyOf: (header: ObjectHeader) => Uint8Array): PackRead {
  const header = decodeHeader("pack", bytes, vault, object);
  if (bytes.length < HEADER_BYTES + FOOTER_BYTES) throw new ObjectTruncated({ object, reason: `it has ${bytes.length} bytes` });
  const footer = bytes.subarray(-FOOTER_BYTES);
  const codec = footer.readUInt8(0);
  const plainBytes = footer.readUInt32BE(1);
  const sealedBytes = footer.readUInt32BE(5);
  const tableAt = bytes.length - FOOTER_BYTES - sealedBytes;
  if (codec > CODEC_MAX || tableAt < HEADER_BYTES || plainBytes > TABLE_BYTES_MAX) {
    throw new ObjectCorrupt({ object, reason: "its last bytes do not describe a table" });
  }
  const place = { key: keyOf(header), header: bytes.subarray(0, HEADER_BYTES), number: TABLE_NUMBER };
  const table = openBlock(place, { codec: codec as Codec, plainBytes, sealed: bytes.subarray(tableAt, tableAt + sealedBytes) });
  if (table === null) throw new ObjectCorrupt({ object, reason: "its table does not open" });
  const reader = new ByteReader(table, object);
  const blocks = readBlocks(reader);
  reader.end();
  const sum = blocks.reduce((total, block) => total + block.sealedBytes, HEADER_BYTES);
  if (sum !== tableAt) throw new ObjectCorrupt({ object, reason: `its table lists ${sum} bytes before itself, there are ${tableAt}` });
  return { header, blocks };
}

/**
 * Why a pack does not hold what is asked of it, from all its bytes: it ends early, it is another whole pack, it is foreign, or
 * it is damaged. For the slow path only, after something did not open.
 */
export function judgePack(
  bytes: Buffer,
  expected: { name: string; sizeBytes: number; salt: Uint8Array; vault: Uint8Array },
  object: string,
  keyOf: (header: ObjectHeader) => Uint8Array,
): Error {
  const digest = objectName(bytes);
  if (digest === expected.name) {
    return new ObjectCorrupt({
      object,
      reason: "its bytes are those that were written, yet a block does not open: it was damaged before it was written",
    });
  }
  try {
    const { header } = readPackTable(bytes, object, expected.vault, keyOf);
    // No two packs share a salt: with ours it is the right pack, damaged within a block.
    return Buffer.from(expected.salt).equals(header.salt)
      ? new ObjectCorrupt({ object, reason: `its digest is ${digest}` })
      : new ObjectMisplaced({ object, reason: `it is the pack ${digest}` });
  } catch (fault) {
    if (fault instanceof ObjectForeign || fault instanceof FormatUnknown) return fault;
    return bytes.length < expected.sizeBytes
      ? new ObjectTruncated({ object, reason: `it has ${bytes.length} of ${expected.sizeBytes} bytes` })
      : new ObjectCorrupt({ object, reason: `its digest is ${digest}` });
  }
}
