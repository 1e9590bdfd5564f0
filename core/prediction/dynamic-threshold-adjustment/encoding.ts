/**
 * A state as bytes and back: a mark, a version, the two lengths, the numbers, and a checksum over all of it. Bytes that are damaged, of
 * another version or of something else are named as such, never half read; the caller starts anew and says so.
 */
import { createHash } from "node:crypto";
import { NUMBERS, startState, TABLE_CELLS, type ThresholdState } from "./state.ts";

export type DecodedState = { readonly kind: "read"; readonly state: ThresholdState } | { readonly kind: "damaged"; readonly reason: string };

const MARK = 0x53_59_4e_54;
const VERSION = 1;
const HEADER_BYTES = 16;
const CHECKSUM_BYTES = 8;
const NUMBERS_BYTES = NUMBERS * Float64Array.BYTES_PER_ELEMENT;
const TABLE_BYTES = TABLE_CELLS * Float32Array.BYTES_PER_ELEMENT;

/** The same for every state. */
export const ENCODED_BYTES = HEADER_BYTES + NUMBERS_BYTES + TABLE_BYTES + CHECKSUM_BYTES;

export function encodeState({ numbers, tables }: ThresholdState): Uint8Array {
  const bytes = new Uint8Array(ENCODED_BYTES);
  const view = new DataView(bytes.buffer);
  [MARK, VERSION, NUMBERS, TABLE_CELLS].forEach((word, place) => {
    view.setUint32(place * 4, word, true);
  });
  numbers.forEach((value, place) => {
    view.setFloat64(HEADER_BYTES + place * 8, value, true);
  });
  tables.forEach((value, place) => {
    view.setFloat32(HEADER_BYTES + NUMBERS_BYTES + place * 4, value, true);
  });
  bytes.set(checksumOf(bytes), ENCODED_BYTES - CHECKSUM_BYTES);
  return bytes;
}

export function decodeState(bytes: Uint8Array): DecodedState {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < HEADER_BYTES || view.getUint32(0, true) !== MARK) return damaged("the bytes are no state of a threshold");
  const version = view.getUint32(4, true);
  if (version !== VERSION) return damaged(`the state has version ${version}, and version ${VERSION} is read`);
  if (bytes.length !== ENCODED_BYTES) return damaged(`the state has ${bytes.length} bytes instead of ${ENCODED_BYTES}`);
  if (view.getUint32(8, true) !== NUMBERS || view.getUint32(12, true) !== TABLE_CELLS)
    return damaged("the state's lengths are not those of its version");
  const given = bytes.subarray(ENCODED_BYTES - CHECKSUM_BYTES);
  if (checksumOf(bytes).some((byte, place) => byte !== given[place])) return damaged("the state's checksum does not fit its bytes");
  const state = startState();
  for (let place = 0; place < NUMBERS; place += 1) state.numbers[place] = view.getFloat64(HEADER_BYTES + place * 8, true);
  for (let place = 0; place < TABLE_CELLS; place += 1) state.tables[place] = view.getFloat32(HEADER_BYTES + NUMBERS_BYTES + place * 4, true);
  return { kind: "read", state };
}

/** Against damage, not against forgery: whoever may write the state may write a checksum. */
function checksumOf(bytes: Uint8Array): Uint8Array {
  const covered = bytes.subarray(0, ENCODED_BYTES - CHECKSUM_BYTES);
  return createHash("sha256").update(covered).digest().subarray(0, CHECKSUM_BYTES);
}

function damaged(why: string): DecodedState {
  return { kind: "damaged", reason: `${why}; the thresholds start anew and learn again` };
}
