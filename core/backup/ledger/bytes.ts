/**
 * Bytes as the ledger has them: their text, their equality, whole numbers as RLP wants them (big-endian, without leading
 * zeros, zero being no byte at all), and the hash that everything is bound by.
 */
import { keccak_256 } from "@noble/hashes/sha3.js";
import { bytesToHex, hexToBytes } from "@noble/hashes/utils.js";

export const EMPTY_BYTES: Uint8Array = new Uint8Array(0);

export function hexOf(bytes: Uint8Array): string {
  return `0x${bytesToHex(bytes)}`;
}

/** Of text that was parsed at the edge: `0x` and whole bytes. */
export function bytesOf(hex: string): Uint8Array {
  return hexToBytes(hex.slice(2));
}

export function sameBytes(left: Uint8Array, right: Uint8Array): boolean {
  return left.length === right.length && left.every((byte, index) => byte === right[index]);
}

export function keccak(bytes: Uint8Array): Uint8Array {
  return keccak_256(bytes);
}

export function quantityBytes(value: bigint | number): Uint8Array {
  if (BigInt(value) === 0n) return EMPTY_BYTES;
  const digits = value.toString(16);
  return hexToBytes(digits.length % 2 === 0 ? digits : `0${digits}`);
}

/** Null where it is no quantity: a leading zero would give one number two encodings. */
export function quantityOf(bytes: Uint8Array, bytesMax = 32): bigint | null {
  if (bytes.length > bytesMax || bytes[0] === 0) return null;
  return bytes.length === 0 ? 0n : BigInt(hexOf(bytes));
}

/** Null also where the number is not exact in JavaScript. */
export function safeQuantityOf(bytes: Uint8Array): number | null {
  const value = quantityOf(bytes, 8);
  return value === null || value > BigInt(Number.MAX_SAFE_INTEGER) ? null : Number(value);
}
