/**
 * Where a pack grows, in shared memory that several threads fill at once. A block takes its number and its place together, in one
 * atomic step, once its sealed length is known: so blocks stand in the order of their numbers without a gap, whoever comes first,
 * and nobody moves them afterwards.
 */
import { PACK_BYTES_MAX } from "../../core/backup/vault/sizes.ts";

const CURSOR_BYTES = BigInt64Array.BYTES_PER_ELEMENT;
/** The pack, and behind it what is taken so far: the count of blocks in the upper half of the word, their end in the lower. */
export const PACK_ROOM_BYTES = PACK_BYTES_MAX + CURSOR_BYTES;
const ONE_BLOCK = 1n << 32n;

export type PackPlace = { readonly number: number; readonly startBytes: number };

export function openRoom(room: Uint8Array, headerBytes: number): void {
  cursorOf(room)[0] = BigInt(headerBytes);
}

/** Whoever gives out the work has seen to it that the block fits. */
export function takePlace(room: Uint8Array, sealedBytes: number): PackPlace {
  const before = Atomics.add(cursorOf(room), 0, ONE_BLOCK + BigInt(sealedBytes));
  return { number: Number(before / ONE_BLOCK), startBytes: Number(before % ONE_BLOCK) };
}

function cursorOf(room: Uint8Array): BigInt64Array {
  return new BigInt64Array(room.buffer, room.byteOffset + PACK_BYTES_MAX, 1);
}
