/**
 * An object that is one sealed list, read whole: an index, or what is known of a batch. Like a pack it is named by the SHA-256
 * of its bytes.
 *
 *     header (64)   sealed list   codec (1)  list's length (4)
 */
import { ObjectCorrupt, ObjectTruncated } from "./faults.ts";
import { decodeHeader, encodeHeader, HEADER_BYTES, type ObjectHeader } from "./object-header.ts";
import { objectName } from "./pack.ts";
import { CODEC_MAX, type Codec, type ObjectPurpose, openBlock, sealBlock } from "./sealing.ts";

const FOOTER_BYTES = 5;

type ListPurpose = Exclude<ObjectPurpose, "pack">;

export function sealList(purpose: ListPurpose, header: ObjectHeader, key: Uint8Array, list: Uint8Array): { name: string; bytes: Buffer } {
  const head = encodeHeader(purpose, header);
  const { codec, plainBytes, sealed } = sealBlock({ key, header: head, number: 0 }, list);
  const footer = Buffer.alloc(FOOTER_BYTES);
  footer.writeUInt8(codec, 0);
  footer.writeUInt32BE(plainBytes, 1);
  const bytes = Buffer.concat([head, sealed, footer]);
  return { name: objectName(bytes), bytes };
}

/** `keyOf` gives the key that the header asks for, or throws `KeyUnknown`. Throws a fault by its name for what is no such list of this vault. */
export function openList(
  { purpose, lengthMax }: { readonly purpose: ListPurpose; readonly lengthMax: number },
  bytes: Buffer,
  object: string,
  vault: Uint8Array,
  keyOf: (header: ObjectHeader) => Uint8Array,
): Buffer {
  const header = decodeHeader(purpose, bytes, vault, object);
  if (bytes.length < HEADER_BYTES + FOOTER_BYTES) throw new ObjectTruncated({ object, reason: `it has ${bytes.length} bytes` });
  const footer = bytes.subarray(-FOOTER_BYTES);
  const codec = footer.readUInt8(0);
  const plainBytes = footer.readUInt32BE(1);
  if (codec > CODEC_MAX || plainBytes > lengthMax) throw new ObjectCorrupt({ object, reason: "its last bytes do not describe a list" });
  const place = { key: keyOf(header), header: bytes.subarray(0, HEADER_BYTES), number: 0 };
  const list = openBlock(place, { codec: codec as Codec, plainBytes, sealed: bytes.subarray(HEADER_BYTES, -FOOTER_BYTES) });
  if (list === null) throw new ObjectCorrupt({ object, reason: "its list does not open" });
  return list;
}
