/**
 * A file's bytes with an eye on the file: once it is seen to have changed, or cannot be read, whoever reads on is interrupted
 * and the reason stands here.
 */
import type { FileHandle } from "node:fs/promises";
import { differences } from "../../core/backup/directory/changed.ts";
import type { Hole } from "../../core/backup/directory/entry.ts";
import { FileBytes, type ReadNext } from "./file-bytes.ts";
import { type Interruption, lookAt } from "./look-before.ts";
import { type SeenFile, skipFor } from "./see-entry.ts";

/** Of a long file, it is looked at whenever so much was read, so that a change at its beginning is not found hours later. */
const LOOK_BYTES = 256 * 1024 * 1024;

/** Only ever thrown through a consumer, back to `readSteadily`. */
class ReadInterrupted extends Error {
  override readonly name = "ReadInterrupted";
}

export class WatchedBytes {
  interruption: Interruption | null = null;
  private readonly bytes: FileBytes;
  private readonly handle: FileHandle;
  private readonly before: SeenFile;
  private sinceLook = 0;

  constructor(handle: FileHandle, before: SeenFile) {
    this.handle = handle;
    this.before = before;
    this.bytes = new FileBytes(handle, before);
  }

  get holes(): readonly Hole[] {
    return this.bytes.holes;
  }

  readonly readNext: ReadNext = async (into) => {
    const read = await this.attempt(() => this.bytes.readNext(into));
    this.sinceLook += read;
    if (this.bytes.isTorn) this.interruption = { kind: "changed", change: `size to below ${this.before.stamp.sizeBytes} bytes` };
    else if (this.sinceLook >= LOOK_BYTES) await this.look();
    if (this.interruption !== null) throw new ReadInterrupted(`the file is not read on: ${JSON.stringify(this.interruption)}`);
    return read;
  };

  /** Null: what was read is the file as it was before and after. */
  async lookAtEnd(): Promise<Interruption | null> {
    if (!this.bytes.isAtEnd) throw new Error("a file's consumer has answered without reading to the end");
    await this.look();
    return this.interruption;
  }

  private async look(): Promise<void> {
    this.sinceLook = 0;
    const now = await this.attempt(() => lookAt(this.handle));
    if (now === 0 || now.kind === "skipped") return;
    const changes = differences(this.before.stamp, now.stamp);
    if (changes.length > 0) this.interruption = { kind: "changed", change: changes.join(", ") };
  }

  /** 0 where the file system refused, which is then the interruption. */
  private async attempt<T>(work: () => Promise<T>): Promise<T | 0> {
    try {
      return await work();
    } catch (error) {
      this.interruption = skipFor(error);
      return 0;
    }
  }
}
