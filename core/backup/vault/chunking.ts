/**
 * Cuts a stream into chunks by its content, so that an insertion moves the cuts of its surroundings only: FastCDC (Xia et
 * al., "FastCDC: a Fast and Efficient Content-Defined Chunking Approach for Data Deduplication", USENIX ATC 2016) with its
 * normalised cutting and its jump over the least length. The gear table is keyed: whoever does not know the vault's key
 * cannot tell where a file they know is cut. Cuts depend on the bytes since the last cut alone, so they are the same
 * however the stream is read.
 */
import { hkdfSync } from "node:crypto";
import { CHUNK_BYTES } from "./sizes.ts";

const GEAR_ENTRIES = 256;
const WORD_BYTES = 4;

/**
 * Normalised chunking, level 2: before the average length a cut needs two bits more than the average asks for, after it two
 * bits less, which draws the lengths together. Bits are taken from the top, where a gear hash has seen the most bytes.
 */
const AVERAGE_BITS = Math.log2(CHUNK_BYTES.average);
const MASK_BEFORE_AVERAGE = topBits(AVERAGE_BITS + 2);
const MASK_AFTER_AVERAGE = topBits(AVERAGE_BITS - 2);

function topBits(count: number): number {
  return (-1 << (32 - count)) | 0;
}

export type GearTable = Int32Array;

/** 256 words from the vault's chunking key. */
export function gearTable(chunkingKey: Uint8Array): GearTable {
  const bytes = Buffer.from(hkdfSync("sha256", chunkingKey, new Uint8Array(0), "synnergy-ha/vault/gear/1", GEAR_ENTRIES * WORD_BYTES));
  return Int32Array.from({ length: GEAR_ENTRIES }, (_, index) => bytes.readInt32LE(index * WORD_BYTES));
}

/**
 * Where the chunk that begins at `start` ends (exclusive). `end` is where the bytes at hand end. Null: more bytes are needed
 * to tell, and `final` was not said.
 */
export function nextCut(gear: GearTable, bytes: Uint8Array, start: number, end: number, final: boolean): number | null {
  const left = end - start;
  if (left < CHUNK_BYTES.max && !final) return null;
  if (left <= CHUNK_BYTES.min) return end;
  const average = Math.min(start + CHUNK_BYTES.average, end);
  const last = Math.min(start + CHUNK_BYTES.max, end);
  let hash = 0;
  let at = start + CHUNK_BYTES.min;
  // Four steps a turn: the loop's own work then costs a quarter.
  for (; at + 3 < average; at += 4) {
    hash = ((hash << 1) + (gear[bytes[at] as number] as number)) | 0;
    if ((hash & MASK_BEFORE_AVERAGE) === 0) return at + 1;
    hash = ((hash << 1) + (gear[bytes[at + 1] as number] as number)) | 0;
    if ((hash & MASK_BEFORE_AVERAGE) === 0) return at + 2;
    hash = ((hash << 1) + (gear[bytes[at + 2] as number] as number)) | 0;
    if ((hash & MASK_BEFORE_AVERAGE) === 0) return at + 3;
    hash = ((hash << 1) + (gear[bytes[at + 3] as number] as number)) | 0;
    if ((hash & MASK_BEFORE_AVERAGE) === 0) return at + 4;
  }
  for (; at < average; at += 1) {
    hash = ((hash << 1) + (gear[bytes[at] as number] as number)) | 0;
    if ((hash & MASK_BEFORE_AVERAGE) === 0) return at + 1;
  }
  for (; at < last; at += 1) {
    hash = ((hash << 1) + (gear[bytes[at] as number] as number)) | 0;
    if ((hash & MASK_AFTER_AVERAGE) === 0) return at + 1;
  }
  return last;
}
