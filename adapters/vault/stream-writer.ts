/**
 * Cuts one stream after the other into chunks and hands on what is new. A stream is read in windows into shared memory; what a
 * window could not finish moves to the front of the next, so cuts do not depend on how a stream was read.
 */
import { ID_BYTES } from "../../core/backup/vault/content-id.ts";
import { MerkleRoot } from "../../core/backup/vault/merkle.ts";
import { CHUNK_BYTES } from "../../core/backup/vault/sizes.ts";
import { REFERENCE_IDS_MAX, type StreamReference } from "../../core/backup/vault/stream-reference.ts";
import type { ReadNext } from "../directory/file-bytes.ts";
import type { Labour } from "./labour.ts";
import type { Memory } from "./memory.ts";

/** 4 MiB read at once, behind what the window before may have left over. */
export const WINDOW_BYTES = 4 * 1024 * 1024 + CHUNK_BYTES.max;

export type StoredStream = { readonly reference: StreamReference; readonly root: Buffer; readonly chunks: number };

/** Where chunks go: stored if they are new. `content` may be read until `settle` has resolved, which also says that enough is stored. */
export type TakeChunks = { chunk(id: Uint8Array, content: Uint8Array): Promise<void>; settle(): Promise<void> };

/** `takeList` gets the chunks of the list of chunks, where that is a stream of its own. */
export async function writeStream(
  readNext: ReadNext,
  take: TakeChunks,
  takeList: TakeChunks,
  given: { labour: Labour; windows: Memory },
): Promise<StoredStream> {
  const merkle = new MerkleRoot();
  let lengthBytes = 0;
  let ids: Uint8Array[] = [];
  const own = async (id: Uint8Array, content: Uint8Array): Promise<void> => {
    lengthBytes += content.length;
    ids.push(id);
    merkle.add(id);
    await take.chunk(id, content);
  };
  await cutWhole(readNext, given, { chunk: own, settle: () => take.settle() });
  let depth = 0;
  while (ids.length > REFERENCE_IDS_MAX) {
    depth += 1;
    const list = Buffer.concat(ids);
    ids = [];
    const listed = async (id: Uint8Array, content: Uint8Array): Promise<void> => {
      ids.push(id);
      merkle.add(id);
      await takeList.chunk(id, content);
    };
    await cutWhole(readFrom(list), given, { chunk: listed, settle: () => takeList.settle() });
  }
  return { reference: { lengthBytes, depth, ids }, root: merkle.root(), chunks: merkle.leaves };
}

/** A stream from bytes at hand. */
export function readFrom(bytes: Uint8Array): ReadNext {
  let at = 0;
  return async (into) => {
    const part = bytes.subarray(at, at + into.length);
    into.set(part);
    at += part.length;
    return part.length;
  };
}

async function cutWhole(readNext: ReadNext, { labour, windows }: { labour: Labour; windows: Memory }, take: TakeChunks): Promise<void> {
  const window = await windows.borrow();
  try {
    let filled = 0;
    for (let final = false; !final; ) {
      while (filled < window.length && !final) {
        const count = await readNext(window.subarray(filled));
        if (count === 0) final = true;
        filled += count;
      }
      const { ends, ids } = await labour.run({ kind: "cut", window: window.subarray(0, filled), final });
      let start = 0;
      for (const [index, end] of ends.entries()) {
        await take.chunk(ids.subarray(index * ID_BYTES, (index + 1) * ID_BYTES), window.subarray(start, end));
        start = end;
      }
      await take.settle();
      window.copyWithin(0, start, filled);
      filled -= start;
    }
  } finally {
    // After a failure too: what is still being read must not change under whoever reads it.
    await take.settle().catch(() => {});
    windows.giveBack(window);
  }
}
