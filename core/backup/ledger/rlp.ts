/**
 * Recursive Length Prefix (Yellow Paper, appendix B), both ways, with exactly one encoding for each item: what decodes,
 * encodes to the very same bytes. Written here and not taken from a library, since what is read back may be hostile: nothing
 * is copied or spread per level, depth and items are limited, and a fault is a value. The tests hold it to the library's answers.
 */
import { RLP_DEPTH_MAX, RLP_ITEMS_MAX } from "./limits.ts";

export type RlpItem = Uint8Array | readonly RlpItem[];
export type RlpDecoded = { readonly kind: "item"; readonly item: RlpItem } | { readonly kind: "malformed"; readonly reason: string };

/** Beyond this a length is written out, in as many bytes as the prefix is above it. */
const SHORT_MAX = 55;
/** Four bytes of length are 4 GiB, beyond every limit of ours. */
const LENGTH_BYTES_MAX = 4;

export function encodeRlp(item: RlpItem): Uint8Array {
  const bytes = new Uint8Array(encodedLength(item));
  write(item, bytes, 0);
  return bytes;
}

function encodedLength(item: RlpItem): number {
  if (!isList(item)) return isItsOwnEncoding(item) ? 1 : prefixLength(item.length) + item.length;
  const length = payloadLength(item);
  return prefixLength(length) + length;
}

function payloadLength(items: readonly RlpItem[]): number {
  return items.reduce((sum, item) => sum + encodedLength(item), 0);
}

/** Returns where the next item goes. */
function write(item: RlpItem, into: Uint8Array, at: number): number {
  if (isList(item)) return item.reduce((next, each) => write(each, into, next), writePrefix(payloadLength(item), 0xc0, into, at));
  const start = isItsOwnEncoding(item) ? at : writePrefix(item.length, 0x80, into, at);
  into.set(item, start);
  return start + item.length;
}

function writePrefix(length: number, offset: number, into: Uint8Array, at: number): number {
  if (length <= SHORT_MAX) {
    into[at] = offset + length;
    return at + 1;
  }
  const count = prefixLength(length) - 1;
  into[at] = offset + SHORT_MAX + count;
  for (let digit = 0; digit < count; digit += 1) into[at + count - digit] = Math.floor(length / 256 ** digit) % 256;
  return at + 1 + count;
}

function prefixLength(length: number): number {
  return length <= SHORT_MAX ? 1 : 1 + Math.ceil((32 - Math.clz32(length)) / 8);
}

function isItsOwnEncoding(bytes: Uint8Array): boolean {
  return bytes.length === 1 && (bytes[0] ?? 0) < 0x80;
}

/** The items are views into `bytes`. */
export function decodeRlp(bytes: Uint8Array): RlpDecoded {
  const reader: Reader = { bytes, at: 0, items: 0, fault: null };
  const item = readItem(reader, bytes.length, 0);
  if (item === null) return { kind: "malformed", reason: reader.fault ?? "not RLP" };
  if (reader.at < bytes.length) return { kind: "malformed", reason: `${bytes.length - reader.at} bytes follow the item` };
  return { kind: "item", item };
}

export function isList(item: RlpItem): item is readonly RlpItem[] {
  return Array.isArray(item);
}

type Reader = { readonly bytes: Uint8Array; at: number; items: number; fault: string | null };

function readItem(reader: Reader, end: number, depth: number): RlpItem | null {
  reader.items += 1;
  if (reader.items > RLP_ITEMS_MAX) return fail(reader, `more than ${RLP_ITEMS_MAX} items`);
  if (depth > RLP_DEPTH_MAX) return fail(reader, `lists deeper than ${RLP_DEPTH_MAX}`);
  const prefix = reader.bytes[reader.at];
  if (prefix === undefined || reader.at >= end) return fail(reader, "an item is missing");
  if (prefix < 0x80) return view(reader, 1, end);
  const list = prefix >= 0xc0;
  const length = readLength(reader, prefix - (list ? 0xc0 : 0x80), end);
  if (length === null) return null;
  if (list) return readList(reader, length, end, depth);
  const only = reader.bytes[reader.at];
  if (length === 1 && only !== undefined && only < 0x80) return fail(reader, "a single byte below 0x80 has a prefix");
  return view(reader, length, end);
}

function readLength(reader: Reader, tail: number, end: number): number | null {
  reader.at += 1;
  if (tail <= SHORT_MAX) return tail;
  const count = tail - SHORT_MAX;
  if (count > LENGTH_BYTES_MAX) return fail(reader, `a length of ${count} bytes`);
  const digits = view(reader, count, end);
  if (digits === null) return null;
  if (digits[0] === 0) return fail(reader, "a length with a leading zero");
  const length = digits.reduce((sum, byte) => sum * 256 + byte, 0);
  return length <= SHORT_MAX ? fail(reader, `a length of ${length} in the long form`) : length;
}

function readList(reader: Reader, length: number, end: number, depth: number): RlpItem | null {
  const until = reader.at + length;
  if (until > end) return fail(reader, "a list is longer than what holds it");
  const items: RlpItem[] = [];
  while (reader.at < until) {
    const item = readItem(reader, until, depth + 1);
    if (item === null) return null;
    items.push(item);
  }
  return items;
}

function view(reader: Reader, length: number, end: number): Uint8Array | null {
  const until = reader.at + length;
  if (until > end) return fail(reader, "an item is longer than what holds it");
  const bytes = reader.bytes.subarray(reader.at, until);
  reader.at = until;
  return bytes;
}

function fail(reader: Reader, fault: string): null {
  reader.fault ??= `${fault}, at byte ${reader.at}`;
  return null;
}
