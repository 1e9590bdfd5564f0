/**
 * A column of numbers as bytes, exactly: what is read is bit for bit what was written. Of three ways the one that zstd makes smallest
 * is kept. `decimals`: numbers of few decimals as whole ones, each by its distance to the one before. `xor`: each number's bits
 * against the one before, as in Gorilla (Pelkonen et al., "Gorilla: A Fast, Scalable, In-Memory Time Series Database", VLDB 2015,
 * section 4.1.2), but laid out byte by byte instead of packed into bits, since zstd finds nothing in what is packed already.
 * `plain`: the bits as they are, for numbers that return.
 */
import { zstdCompressSync } from "node:zlib";
import { Damage, fromZigzag, PartReader, PartWriter, toZigzag } from "./column-bytes.ts";

/** Numbers in the file: never given to another way. */
export const ENCODINGS = { plain: 0, xor: 1, decimals: 2 } as const;
export type Encoding = (typeof ENCODINGS)[keyof typeof ENCODINGS];
const KNOWN: readonly number[] = Object.values(ENCODINGS);
export const isEncoding = (found: number): found is Encoding => KNOWN.includes(found);

const DECIMALS_MAX = 9;
/** Two of them are no further apart than 2^51, and a zigzag doubles that: below 2^53. */
const WHOLE_MAX = 2 ** 50;
const BYTES_A_NUMBER = 8;
export const columnBytesMax = (count: number): number => BYTES_A_NUMBER * count + 1;

/** Throws RangeError for what is no finite number. */
export function encodeNumbers(values: Float64Array): { encoding: Encoding; bytes: Uint8Array } {
  if (!values.every(Number.isFinite)) throw new RangeError("a column holds finite numbers; what was not measured has no place in it");
  const plain = bytesOf(values);
  const decimals = decimalsOf(values);
  const candidates: { encoding: Encoding; bytes: Uint8Array }[] = [
    { encoding: ENCODINGS.plain, bytes: plain },
    { encoding: ENCODINGS.xor, bytes: intoPlanes(plain) },
    ...(decimals === null ? [] : [{ encoding: ENCODINGS.decimals, bytes: decimals }]),
  ];
  const sized = candidates.map((candidate) => ({ candidate, size: zstdCompressSync(candidate.bytes).length }));
  return sized.reduce((best, next) => (next.size < best.size ? next : best)).candidate;
}

/** Throws Damage where the bytes are not `count` finite numbers. */
export function decodeNumbers(encoding: Encoding, bytes: Uint8Array, count: number): Float64Array {
  if (encoding === ENCODINGS.decimals) return readDecimals(bytes, count);
  if (bytes.length !== BYTES_A_NUMBER * count) throw new Damage(`a column of ${count} numbers has ${bytes.length} bytes`);
  const plain = encoding === ENCODINGS.xor ? fromPlanes(bytes) : bytes;
  const view = new DataView(plain.buffer, plain.byteOffset, plain.byteLength);
  return checked(Float64Array.from({ length: count }, (_, index) => view.getFloat64(BYTES_A_NUMBER * index, true)));
}

/** Little endian, whatever the machine. */
function bytesOf(values: Float64Array): Uint8Array {
  const view = new DataView(new ArrayBuffer(BYTES_A_NUMBER * values.length));
  values.forEach((value, index) => void view.setFloat64(BYTES_A_NUMBER * index, value, true));
  return new Uint8Array(view.buffer);
}

function intoPlanes(plain: Uint8Array): Uint8Array {
  const count = plain.length / BYTES_A_NUMBER;
  const planes = new Uint8Array(plain.length);
  for (let at = 0; at < plain.length; at += 1) {
    const before = at < BYTES_A_NUMBER ? 0 : (plain[at - BYTES_A_NUMBER] ?? 0);
    planes[(at % BYTES_A_NUMBER) * count + Math.floor(at / BYTES_A_NUMBER)] = (plain[at] ?? 0) ^ before;
  }
  return planes;
}

function fromPlanes(planes: Uint8Array): Uint8Array {
  const count = planes.length / BYTES_A_NUMBER;
  const plain = new Uint8Array(planes.length);
  for (let at = 0; at < plain.length; at += 1) {
    const before = at < BYTES_A_NUMBER ? 0 : (plain[at - BYTES_A_NUMBER] ?? 0);
    plain[at] = (planes[(at % BYTES_A_NUMBER) * count + Math.floor(at / BYTES_A_NUMBER)] ?? 0) ^ before;
  }
  return plain;
}

/** Null where some number would not come back as it was. Minus zero would not. */
function decimalsOf(values: Float64Array): Uint8Array | null {
  for (let decimals = 0; decimals <= DECIMALS_MAX; decimals += 1) {
    const scale = 10 ** decimals;
    /** A sum with zero is never minus zero. */
    const wholes = values.map((value) => Math.round(value * scale) + 0);
    if (!wholes.every((whole, index) => Math.abs(whole) <= WHOLE_MAX && Object.is(whole / scale, values[index]))) continue;
    const bytes = new PartWriter().number(decimals);
    wholes.forEach((whole, index) => void bytes.number(toZigzag(whole - (wholes[index - 1] ?? 0))));
    return bytes.finish();
  }
  return null;
}

function readDecimals(bytes: Uint8Array, count: number): Float64Array {
  const reader = new PartReader(bytes);
  const scale = 10 ** reader.number("a column's decimals", DECIMALS_MAX);
  const values = new Float64Array(count);
  let whole = 0;
  for (let index = 0; index < count; index += 1) {
    whole += fromZigzag(reader.number("a number of a column"));
    if (Math.abs(whole) > WHOLE_MAX) throw new Damage(`a column holds ${whole}; at most ${WHOLE_MAX} is allowed`);
    values[index] = whole / scale;
  }
  reader.end();
  return values;
}

function checked(values: Float64Array): Float64Array {
  if (!values.every(Number.isFinite)) throw new Damage("a column holds what is no number");
  return values;
}
