/**
 * What a pack holds: its blocks in order, and in each block its chunks in order. Written at the pack's own end, so that a pack
 * explains itself, and again in an index, so that a restore reads no pack in vain.
 */
import type { ByteReader, ByteWriter } from "./bytes.ts";
import { ID_BYTES } from "./content-id.ts";
import { HEADER_BYTES } from "./object-header.ts";
import { CODEC_MAX, type Codec, TAG_BYTES } from "./sealing.ts";
import { BLOCK_BYTES_MAX, BLOCKS_PER_PACK_MAX, CHUNK_BYTES, PACK_BYTES_MAX } from "./sizes.ts";

export type StoredChunk = { readonly id: Uint8Array; readonly lengthBytes: number };
export type StoredBlock = {
  readonly codec: Codec;
  readonly plainBytes: number;
  readonly sealedBytes: number;
  readonly chunks: readonly StoredChunk[];
};

/** Where each block's sealed bytes begin in a pack. */
export function blockStarts(blocks: readonly StoredBlock[]): number[] {
  const starts: number[] = [];
  let at = HEADER_BYTES;
  for (const { sealedBytes } of blocks) {
    starts.push(at);
    at += sealedBytes;
  }
  return starts;
}

/** A block's bytes are at least its tag; a chunk has one byte at least, so a block has no more chunks than bytes. */
export function writeBlocks(writer: ByteWriter, blocks: readonly StoredBlock[]): void {
  writer.number(blocks.length);
  for (const { codec, plainBytes, sealedBytes, chunks } of blocks) {
    writer.number(codec).number(plainBytes).number(sealedBytes).number(chunks.length);
    for (const { id, lengthBytes } of chunks) writer.fixed(id).number(lengthBytes);
  }
}

/** Ids are views of the reader's bytes. */
export function readBlocks(reader: ByteReader): StoredBlock[] {
  const count = reader.number("the number of blocks", BLOCKS_PER_PACK_MAX);
  return Array.from({ length: count }, () => readBlock(reader));
}

function readBlock(reader: ByteReader): StoredBlock {
  const codec = reader.number("a block's codec", CODEC_MAX) as Codec;
  const plainBytes = reader.number("a block's length", BLOCK_BYTES_MAX);
  const sealedBytes = reader.number("a block's stored length", PACK_BYTES_MAX);
  if (sealedBytes < TAG_BYTES) throw reader.corrupt(`a block is stored in ${sealedBytes} bytes, fewer than its tag has`);
  const count = reader.number("a block's number of chunks", plainBytes);
  const chunks: StoredChunk[] = [];
  let sum = 0;
  for (let index = 0; index < count; index += 1) {
    const id = reader.fixed("a chunk's id", ID_BYTES);
    const lengthBytes = reader.number("a chunk's length", CHUNK_BYTES.max);
    chunks.push({ id, lengthBytes });
    sum += lengthBytes;
  }
  if (sum !== plainBytes) throw reader.corrupt(`a block of ${plainBytes} bytes lists chunks of ${sum}`);
  return { codec, plainBytes, sealedBytes, chunks };
}
