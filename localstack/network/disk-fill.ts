/** Grows a file on a host's disk until nothing is free of its quota, along a line in time. Real bytes, that no file system makes less of. */
import { randomBytes } from "node:crypto";
import { mkdir, open } from "node:fs/promises";
import { dirname } from "node:path";

const MEBIBYTE = 1024 ** 2;
const STEP_MS = 250;
/** Per step: no more than a disk takes without a queue. */
const PARTS_A_STEP_MAX = 32;

export type FillFacts = {
  readonly file: string;
  /** What is free of the quota now, counted anew; null where it cannot be. */
  readonly freeBytes: () => Promise<number | null>;
  /** False once the node that was to run out of space is gone. */
  readonly isRunning: () => Promise<boolean>;
  readonly overMs: number;
  readonly signal: AbortSignal;
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
};

/** Resolves to true once nothing is free; to false where the node was gone, it took far too long, or it was ended before. */
export async function fillDisk({ file, freeBytes, isRunning, overMs, signal, sleep }: FillFacts): Promise<boolean> {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  const free = await freeBytes();
  if (free === null) return false;
  const handle = await open(file, "w", 0o600);
  try {
    const part = randomBytes(MEBIBYTE);
    const beganMs = performance.now();
    let written = 0;
    for (let elapsedMs = 0; !signal.aborted && elapsedMs < 3 * overMs && (await isRunning()); elapsedMs = performance.now() - beganMs) {
      const wanted = free * Math.min(1, elapsedMs / overMs);
      for (let parts = 0; written < wanted && parts < PARTS_A_STEP_MAX; parts += 1) written += (await handle.write(part)).bytesWritten;
      if (written >= free) {
        // Others write and remove meanwhile: the count decides, not the sum of what was written here.
        await handle.sync();
        const left = await freeBytes();
        if (left === 0) return true;
        written = Math.min(written, free - (left ?? 0));
      }
      await sleep(STEP_MS, signal);
    }
    return false;
  } finally {
    await handle.close();
  }
}
