/**
 * The 64 bytes that begin every pack, index and batch: what it is, of which vault, sealed under which epoch's key and which
 * salt. They travel in clear and are authenticated by every block behind them.
 *
 *     magic (8)  vault (16)  epoch (4, big-endian)  zeros (4)  salt (32)
 */
import { FormatUnknown, ObjectCorrupt, ObjectForeign, ObjectTruncated } from "./faults.ts";
import { type ObjectPurpose, SALT_BYTES } from "./sealing.ts";

export const VAULT_ID_BYTES = 16;
const MAGIC_BYTES = 8;
export const HEADER_BYTES = 64;
const EPOCH_AT = MAGIC_BYTES + VAULT_ID_BYTES;
const ZEROS_AT = EPOCH_AT + 4;
const SALT_AT = ZEROS_AT + 4;

/** The last byte is the format's version. */
const MAGIC: Readonly<Record<ObjectPurpose, Buffer>> = {
  pack: Buffer.from("SHAPACK\x01", "latin1"),
  index: Buffer.from("SHAINDX\x01", "latin1"),
  batch: Buffer.from("SHABTCH\x01", "latin1"),
};

export type ObjectHeader = { readonly vault: Uint8Array; readonly epoch: number; readonly salt: Uint8Array };

export function encodeHeader(purpose: ObjectPurpose, { vault, epoch, salt }: ObjectHeader): Buffer {
  if (vault.length !== VAULT_ID_BYTES || salt.length !== SALT_BYTES) throw new RangeError("a vault's id has 16 bytes and a salt 32");
  const header = Buffer.alloc(HEADER_BYTES);
  MAGIC[purpose].copy(header, 0);
  header.set(vault, MAGIC_BYTES);
  header.writeUInt32BE(epoch, EPOCH_AT);
  header.set(salt, SALT_AT);
  return header;
}

/** Throws a fault by its name for what is not a header of this vault. */
export function decodeHeader(purpose: ObjectPurpose, bytes: Uint8Array, vault: Uint8Array, object: string): ObjectHeader {
  if (bytes.length < HEADER_BYTES)
    throw new ObjectTruncated({ object, reason: `it has ${bytes.length} bytes, its header alone has ${HEADER_BYTES}` });
  const header = Buffer.from(bytes.buffer, bytes.byteOffset, HEADER_BYTES);
  const magic = header.subarray(0, MAGIC_BYTES);
  if (!magic.equals(MAGIC[purpose])) {
    if (magic.subarray(0, -1).equals(MAGIC[purpose].subarray(0, -1))) {
      throw new FormatUnknown({ object, reason: `it is a ${purpose} of version ${magic[MAGIC_BYTES - 1]}, this program reads version 1` });
    }
    throw new ObjectCorrupt({ object, reason: `it does not begin as a ${purpose}` });
  }
  const found = header.subarray(MAGIC_BYTES, EPOCH_AT);
  if (!found.equals(vault)) throw new ObjectForeign({ object, reason: `it belongs to vault ${found.toString("hex")}` });
  if (header.readUInt32BE(ZEROS_AT) !== 0) throw new ObjectCorrupt({ object, reason: "its header has bytes set that must be zero" });
  return { vault: found, epoch: header.readUInt32BE(EPOCH_AT), salt: header.subarray(SALT_AT, HEADER_BYTES) };
}
