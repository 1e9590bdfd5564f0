/**
 * What stands in a listing for a stream's bytes: its length and the ids of its chunks. A long list is a stream itself and is
 * chunked like any other, so that a changed page of a huge file costs a few ids and not all; `depth` says how often.
 * Depth 0: the ids are the stream's own chunks. Depth 1: the ids are the chunks of the list of the stream's chunks; and so on.
 */
import type { ByteReader, ByteWriter } from "./bytes.ts";
import { ID_BYTES } from "./content-id.ts";

/** Sixteen ids stand in the listing itself; 16 × 1,024^3 × 32 KiB is more than any file system holds. */
export const REFERENCE_IDS_MAX = 16;
export const REFERENCE_DEPTH_MAX = 4;

export type StreamReference = { readonly lengthBytes: number; readonly depth: number; readonly ids: readonly Uint8Array[] };

export function writeReference(writer: ByteWriter, { lengthBytes, depth, ids }: StreamReference): void {
  writer.number(lengthBytes).number(depth).number(ids.length);
  for (const id of ids) writer.fixed(id);
}

export function readReference(reader: ByteReader): StreamReference {
  const lengthBytes = reader.number("a stream's length");
  const depth = reader.number("a stream's depth", REFERENCE_DEPTH_MAX);
  const count = reader.number("a stream's number of ids", REFERENCE_IDS_MAX);
  return { lengthBytes, depth, ids: Array.from({ length: count }, () => reader.fixed("a chunk's id", ID_BYTES)) };
}
