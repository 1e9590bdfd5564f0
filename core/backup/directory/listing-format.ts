/**
 * A folder's listing as the vault stores it: a stream of entries in the order of their names' bytes, each with what a restore
 * needs and what tells the next backup whether a file has changed. A listing refers to its folders' listings, so the reference
 * to the root's commits to the whole tree.
 */
import { ByteReader, ByteWriter } from "../vault/bytes.ts";
import { readReference, type StreamReference, writeReference } from "../vault/stream-reference.ts";
import { type Entry, refuseName, type Stamp } from "./entry.ts";

/** The bytes of a file, or of a folder's listing: where they are, and the Merkle root over their chunks' ids. */
export type Content = { readonly reference: StreamReference; readonly root: Uint8Array };
export type ListedEntry = Entry<Content>;

const VERSION = 1;
const KINDS = ["file", "folder", "symlink", "hardlink"] as const;
const MODE_MAX = 0o7777;
const USER_MAX = 2 ** 32 - 1;
const NAME_BYTES_MAX = 255;
const PATH_BYTES_MAX = 65_536;
export const ENTRIES_PER_FOLDER_MAX = 10_000_000;
const HOLES_MAX = 1_000_000;
const ROOT_BYTES = 32;
const NANOSECONDS = 1_000_000_000n;
/** Times before 1970 exist; 2^40 seconds before it do not. */
const SECONDS_BIAS = 2n ** 40n;

export function encodeListing(entries: readonly ListedEntry[]): Buffer {
  const writer = new ByteWriter(entries.length * 160 + 16).number(VERSION).number(entries.length);
  for (const entry of entries) writeEntry(writer, entry);
  return writer.finish();
}

/** Throws `ObjectCorrupt` for what is not a listing, and for names that could lead out of their folder. */
export function decodeListing(bytes: Uint8Array, object: string): ListedEntry[] {
  const reader = new ByteReader(bytes, object);
  const version = reader.number("a listing's version");
  if (version !== VERSION) throw reader.corrupt(`a listing of version ${version}`);
  const count = reader.number("a listing's length", ENTRIES_PER_FOLDER_MAX);
  const entries: ListedEntry[] = [];
  for (let index = 0; index < count; index += 1) {
    const entry = readEntry(reader);
    const before = entries.at(-1);
    if (before !== undefined && before.name >= entry.name) throw reader.corrupt(`"${entry.name}" stands after "${before.name}"`);
    entries.push(entry);
  }
  reader.end();
  return entries;
}

function writeEntry(writer: ByteWriter, entry: ListedEntry): void {
  writer.number(KINDS.indexOf(entry.kind)).bytes(Buffer.from(entry.name, "latin1"));
  if (entry.kind === "hardlink") {
    writer.bytes(Buffer.from(entry.to, "latin1"));
    return;
  }
  writer.number(entry.mode).number(entry.userId).number(entry.groupId);
  writeTime(writer, entry.mtimeNs);
  if (entry.kind === "symlink") {
    writer.bytes(Buffer.from(entry.target, "latin1"));
    return;
  }
  writeReference(writer, entry.content.reference);
  writer.fixed(entry.content.root);
  if (entry.kind === "folder") return;
  writer.number(entry.lengthBytes).number(entry.holes.length);
  for (const { offset, length } of entry.holes) writer.number(offset).number(length);
  writeStamp(writer, entry.stamp);
}

function readEntry(reader: ByteReader): ListedEntry {
  const kind = KINDS[reader.number("an entry's kind", KINDS.length - 1)] ?? "file";
  const name = latin1(reader.bytes("a name", NAME_BYTES_MAX));
  const refused = refuseName(name);
  if (refused !== null) throw reader.corrupt(refused);
  if (kind === "hardlink") return { kind, name, to: latin1(reader.bytes("a hard link's path", PATH_BYTES_MAX)) };
  const common = {
    name,
    mode: reader.number("a mode", MODE_MAX),
    userId: reader.number("a user's id", USER_MAX),
    groupId: reader.number("a group's id", USER_MAX),
    mtimeNs: readTime(reader),
  };
  if (kind === "symlink") return { kind, ...common, target: latin1(reader.bytes("a link's target", PATH_BYTES_MAX)) };
  const content = { reference: readReference(reader), root: reader.fixed("a root", ROOT_BYTES) };
  if (kind === "folder") return { kind, ...common, content };
  const lengthBytes = reader.number("a file's length");
  const holes = readHoles(reader, lengthBytes);
  return { kind, ...common, lengthBytes, holes, stamp: readStamp(reader), content };
}

function readHoles(reader: ByteReader, lengthBytes: number): { offset: number; length: number }[] {
  const count = reader.number("the number of holes", HOLES_MAX);
  const holes: { offset: number; length: number }[] = [];
  let end = 0;
  for (let index = 0; index < count; index += 1) {
    const offset = reader.number("a hole's offset", lengthBytes);
    const length = reader.number("a hole's length", lengthBytes - offset);
    if (offset < end) throw reader.corrupt("holes overlap");
    holes.push({ offset, length });
    end = offset + length;
  }
  return holes;
}

function writeStamp(writer: ByteWriter, { sizeBytes, mtimeNs, ctimeNs, inode, device }: Stamp): void {
  writer.number(sizeBytes);
  writeTime(writer, mtimeNs);
  writeTime(writer, ctimeNs);
  const words = Buffer.alloc(16);
  words.writeBigUInt64BE(BigInt.asUintN(64, inode), 0);
  words.writeBigUInt64BE(BigInt.asUintN(64, device), 8);
  writer.fixed(words);
}

function readStamp(reader: ByteReader): Stamp {
  const sizeBytes = reader.number("a stamp's size");
  const mtimeNs = readTime(reader);
  const ctimeNs = readTime(reader);
  const words = Buffer.from(reader.fixed("a stamp's inode and device", 16));
  return { sizeBytes, mtimeNs, ctimeNs, inode: words.readBigUInt64BE(0), device: words.readBigUInt64BE(8) };
}

function writeTime(writer: ByteWriter, timeNs: bigint): void {
  const biased = timeNs + SECONDS_BIAS * NANOSECONDS;
  writer.number(Number(biased / NANOSECONDS)).number(Number(biased % NANOSECONDS));
}

function readTime(reader: ByteReader): bigint {
  const seconds = BigInt(reader.number("a time's seconds", Number(2n * SECONDS_BIAS)));
  return (seconds - SECONDS_BIAS) * NANOSECONDS + BigInt(reader.number("a time's nanoseconds", Number(NANOSECONDS) - 1));
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("latin1");
}
