/**
 * The heavy part of the vault's work, as tasks without state: cut and name chunks, seal a block, name a pack, open its blocks. Run in
 * place by a Lambda function, which has one core, or by threads (`labour-threads.ts`) where there are more. Buffers that
 * tasks read are shared, not copied.
 */
import type { KeyObject } from "node:crypto";
import { writeSync } from "node:fs";
import { type GearTable, nextCut } from "../../core/backup/vault/chunking.ts";
import { contentId, ID_BYTES } from "../../core/backup/vault/content-id.ts";
import { letGo } from "../../core/backup/vault/let-go.ts";
import { objectName } from "../../core/backup/vault/pack.ts";
import type { StoredBlock } from "../../core/backup/vault/pack-table.ts";
import { type Codec, openBlock, packBlock, sealPacked, TAG_BYTES } from "../../core/backup/vault/sealing.ts";
import { CHUNK_BYTES } from "../../core/backup/vault/sizes.ts";
import { takePlace } from "./pack-room.ts";

export type CutTask = { readonly kind: "cut"; readonly window: Uint8Array; readonly final: boolean };
/** `ends` are where each chunk ends within the window; `ids` stand one behind the other. */
export type Cuts = { readonly ends: Uint32Array; readonly ids: Uint8Array };

/** The sealed block goes into the pack's room, which must have been kept free for it; see `pack-room.ts`. */
export type SealTask = {
  readonly kind: "seal";
  readonly content: Uint8Array;
  readonly room: Uint8Array;
  readonly key: Uint8Array;
  readonly header: Uint8Array;
};
export type Sealed = { readonly number: number; readonly codec: Codec; readonly plainBytes: number; readonly sealedBytes: number };

/** A piece of an opened block that goes into an open file. */
export type Piece = { readonly fromBytes: number; readonly lengthBytes: number; readonly file: number; readonly position: number };
export type BlockToOpen = {
  readonly number: number;
  readonly block: StoredBlock;
  /** Where its sealed bytes begin in `bytes`. */
  readonly startBytes: number;
  readonly pieces: readonly Piece[];
};
export type OpenTask = {
  readonly kind: "open";
  readonly bytes: Uint8Array;
  /** Given where `bytes` are a whole pack: its SHA-256 is then compared with its name. */
  readonly name: string | null;
  readonly key: Uint8Array;
  readonly header: Uint8Array;
  readonly blocks: readonly BlockToOpen[];
};
export type Opened = { readonly kind: "opened"; readonly plainBytes: number } | { readonly kind: "refused"; readonly reason: string };

/** What names a whole object. */
export type NameTask = { readonly kind: "name"; readonly bytes: Uint8Array };

export type Task = CutTask | SealTask | OpenTask | NameTask;
export type ResultOf<T extends Task> = T extends CutTask ? Cuts : T extends SealTask ? Sealed : T extends NameTask ? string : Opened;

export interface Labour {
  /** How many tasks are worth having under way at once. */
  readonly width: number;
  run<T extends Task>(task: T): Promise<ResultOf<T>>;
  close(): Promise<void>;
}

export type LabourKeys = { readonly gear: GearTable; readonly idKey: KeyObject };

/** One task after the other, on the thread that asks. */
export function labourInPlace(keys: LabourKeys): Labour {
  return {
    width: 1,
    run: async (task) => perform(keys, task),
    close: async () => {},
  };
}

export function perform<T extends Task>(keys: LabourKeys, task: T): ResultOf<T> {
  return doneFor(keys, task) as ResultOf<T>;
}

function doneFor(keys: LabourKeys, task: Task): ResultOf<Task> {
  switch (task.kind) {
    case "cut":
      return cut(keys, task);
    case "seal":
      return seal(task);
    case "open":
      return openBlocks(keys, task);
    case "name":
      return objectName(task.bytes);
  }
}

/** What a task works on. */
export function bytesOf(task: Task): number {
  return task.kind === "cut" ? task.window.length : task.kind === "seal" ? task.content.length : task.bytes.length;
}

function cut({ gear, idKey }: LabourKeys, { window, final }: CutTask): Cuts {
  const most = Math.ceil(window.length / CHUNK_BYTES.min) + 1;
  const ends = new Uint32Array(most);
  const ids = new Uint8Array(most * ID_BYTES);
  let count = 0;
  for (let start = 0; start < window.length; ) {
    const end = nextCut(gear, window, start, window.length, final);
    if (end === null) break;
    ids.set(contentId(idKey, window.subarray(start, end)), count * ID_BYTES);
    ends[count] = end;
    count += 1;
    start = end;
  }
  return { ends: ends.slice(0, count), ids: ids.slice(0, count * ID_BYTES) };
}

function seal({ content, room, key, header }: SealTask): Sealed {
  const block = packBlock(content);
  const sealedBytes = block.packed.length + TAG_BYTES;
  const { number, startBytes } = takePlace(room, sealedBytes);
  sealPacked({ key, header, number }, block, room.subarray(startBytes, startBytes + sealedBytes));
  return { number, codec: block.codec, plainBytes: block.plainBytes, sealedBytes };
}

/** Every chunk of every block is named again: what opens is what was once named so, or it is refused. */
function openBlocks({ idKey }: LabourKeys, { bytes, name, key, header, blocks }: OpenTask): Opened {
  if (name !== null && objectName(bytes) !== name) return { kind: "refused", reason: "its bytes do not have the digest that names it" };
  let plainBytes = 0;
  for (const { number, block, startBytes, pieces } of blocks) {
    const sealed = Buffer.from(bytes.buffer, bytes.byteOffset + startBytes, block.sealedBytes);
    const content = openBlock({ key, header, number }, { ...block, sealed });
    if (content === null) return { kind: "refused", reason: `block ${number} does not open` };
    const wrong = firstWrongChunk(idKey, block, content);
    if (wrong !== null) return { kind: "refused", reason: `chunk ${wrong} of block ${number} is not what its id says` };
    for (const piece of pieces) writeWhole(piece.file, content.subarray(piece.fromBytes, piece.fromBytes + piece.lengthBytes), piece.position);
    plainBytes += content.length;
    letGo(content);
  }
  return { kind: "opened", plainBytes };
}

function firstWrongChunk(idKey: KeyObject, { chunks }: StoredBlock, content: Buffer): number | null {
  let start = 0;
  for (const [index, { id, lengthBytes }] of chunks.entries()) {
    if (!contentId(idKey, content.subarray(start, start + lengthBytes)).equals(id)) return index;
    start += lengthBytes;
  }
  return null;
}

function writeWhole(file: number, bytes: Uint8Array, position: number): void {
  for (let written = 0; written < bytes.length; ) written += writeSync(file, bytes, written, bytes.length - written, position + written);
}
