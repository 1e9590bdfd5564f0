/**
 * The bytes of one open file in order, without its holes. Reads no further than the length that the file had at first, and
 * says `torn` where it ends before that. Node has no SEEK_HOLE: in a file with fewer blocks than bytes, and in no other,
 * aligned runs of zeros are taken for its holes, which restores the same bytes and at least as few blocks.
 */
import type { FileHandle } from "node:fs/promises";
import type { Hole } from "../../core/backup/directory/entry.ts";
import { HOLE_ALIGNMENT_BYTES } from "../../core/backup/directory/stretches.ts";
import type { SeenFile } from "./see-entry.ts";

/** Fills the front of `into` from the next bytes; 0 at the end. */
export type ReadNext = (into: Uint8Array) => Promise<number>;

/** Read and searched at once; a multiple of the alignment. */
const WINDOW_BYTES = 1024 * 1024;
const ZEROS = Buffer.alloc(WINDOW_BYTES);
/** Holes beyond these are read as the zeros that they are: a listing must not outgrow its file. */
export const HOLES_MAX = 65_536;

export class FileBytes {
  /** Known once everything was read. */
  readonly holes: Hole[] = [];
  isTorn = false;
  readonly readNext: ReadNext;
  private position = 0;
  private readonly handle: FileHandle;
  private readonly lengthBytes: number;
  /** What was read and not given yet, in a sparse file. */
  private window: Uint8Array = ZEROS.subarray(0, 0);
  private runs: Uint8Array[] = [];

  constructor(handle: FileHandle, { stamp, allocatedBytes }: SeenFile) {
    this.handle = handle;
    this.lengthBytes = stamp.sizeBytes;
    this.readNext = allocatedBytes < stamp.sizeBytes ? (into) => this.nextOfSparse(into) : (into) => this.fill(into);
  }

  get isAtEnd(): boolean {
    return this.position === this.lengthBytes && this.runs.length === 0;
  }

  private async fill(into: Uint8Array): Promise<number> {
    const wanted = Math.min(into.length, this.lengthBytes - this.position);
    let filled = 0;
    while (filled < wanted && !this.isTorn) {
      const { bytesRead } = await this.handle.read(into, filled, wanted - filled, this.position);
      this.isTorn = bytesRead === 0;
      filled += bytesRead;
      this.position += bytesRead;
    }
    return filled;
  }

  private async nextOfSparse(into: Uint8Array): Promise<number> {
    while (this.runs.length === 0) {
      if (this.window.length === 0) this.window = Buffer.allocUnsafeSlow(WINDOW_BYTES);
      const from = this.position;
      const filled = await this.fill(this.window);
      if (filled === 0 || this.isTorn) return 0;
      this.runs = this.dataRuns(from, this.window.subarray(0, filled));
    }
    const [run = ZEROS, ...others] = this.runs;
    const given = run.subarray(0, into.length);
    into.set(given);
    this.runs = given.length < run.length ? [run.subarray(given.length), ...others] : others;
    return given.length;
  }

  /** What of a window that begins at `from` is no hole; the holes are noted. */
  private dataRuns(from: number, window: Uint8Array): Uint8Array[] {
    if (this.isHole(window, from)) return [];
    const runs: Uint8Array[] = [];
    let runFrom = 0;
    for (let at = 0; at < window.length; at += HOLE_ALIGNMENT_BYTES) {
      const block = window.subarray(at, at + HOLE_ALIGNMENT_BYTES);
      if (!this.isHole(block, from + at)) continue;
      if (at > runFrom) runs.push(window.subarray(runFrom, at));
      runFrom = at + block.length;
    }
    if (window.length > runFrom) runs.push(window.subarray(runFrom));
    return runs;
  }

  private isHole(bytes: Uint8Array, offset: number): boolean {
    if (Buffer.compare(bytes, ZEROS.subarray(0, bytes.length)) !== 0) return false;
    const last = this.holes.at(-1);
    if (last && last.offset + last.length === offset) this.holes[this.holes.length - 1] = { offset: last.offset, length: last.length + bytes.length };
    else if (this.holes.length < HOLES_MAX) this.holes.push({ offset, length: bytes.length });
    else return false;
    return true;
  }
}
