/**
 * Where a stream's chunks gather until they make a block, so that what stands together in a file stands together in a block. Chunks
 * that lie one behind the other in the window that they were read into are left there; only what a window's end or a gap cuts off is
 * copied, to be gone on with.
 */
import type { StoredChunk } from "../../core/backup/vault/pack-table.ts";
import { BLOCK_BYTES } from "../../core/backup/vault/sizes.ts";

/** A block that is copied together. */
export type OpenBlock = { readonly buffer: Uint8Array; filled: number; readonly chunks: StoredChunk[] };
/** Chunks where they were read; `content` is all of them. */
export type Run = { content: Uint8Array; readonly chunks: StoredChunk[] };

export class Gathering {
  open: OpenBlock | null = null;
  run: Run | null = null;
  /** Blocks that are being sealed out of the window. */
  readonly underWay = new Set<Promise<void>>();
  /** Listings and lists of many streams: copied, and begun with a block of their own, so that they are read without anything else. */
  readonly alone: boolean;

  constructor(alone: boolean) {
    this.alone = alone;
  }

  /** Whether the chunk lies right behind the run, and is part of it now. */
  lengthen(chunk: StoredChunk, content: Uint8Array): boolean {
    const { run } = this;
    if (run === null || run.content.buffer !== content.buffer || run.content.byteOffset + run.content.length !== content.byteOffset) return false;
    run.content = new Uint8Array(content.buffer, run.content.byteOffset, run.content.length + content.length);
    run.chunks.push(chunk);
    return true;
  }

  /** The run, if it is long enough for a block. */
  takeFullRun(): Run | null {
    const { run } = this;
    if (run === null || run.content.length < BLOCK_BYTES) return null;
    this.run = null;
    return run;
  }
}
