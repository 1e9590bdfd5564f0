/**
 * What is free for a folder: of the file system that it is on or, where a quota is given, of that quota. What lies under the folder
 * is counted by a walk that ends by entries and by time, and that is taken again no sooner than leaves the host its rest.
 */
import type { Stats } from "node:fs";
import { lstat, opendir, statfs } from "node:fs/promises";
import { join } from "node:path";
import type { Clock } from "../../core/kernel/ports.ts";

export type DiskSpace = { readonly freeBytes: number; readonly freeShare: number };

/** A walk takes a twentieth of the time at most. */
const REST_WALKS = 20;
const ENTRIES_MAX = 50_000;
const WALK_MS_MAX = 5_000;
/** The unit of `blocks`, whatever the file system's own is (POSIX). */
const BLOCK_BYTES = 512;

/** `everyMs` is for the walk; without `bytesMax` there is none. */
export function diskSpace(options: { folder: string; bytesMax: number | undefined; everyMs: number; clock: Pick<Clock, "monotonicMs"> }) {
  const { folder, bytesMax, everyMs, clock } = options;
  let walked: { readonly usedBytes: number | null; readonly dueMs: number } = { usedBytes: null, dueMs: Number.NEGATIVE_INFINITY };

  async function ofQuota(quota: number): Promise<DiskSpace | null> {
    const startedMs = clock.monotonicMs();
    if (startedMs >= walked.dueMs) {
      const usedBytes = await usedUnder(folder, () => clock.monotonicMs() - startedMs > WALK_MS_MAX);
      const endedMs = clock.monotonicMs();
      walked = { usedBytes, dueMs: Math.max(startedMs + everyMs, endedMs + REST_WALKS * (endedMs - startedMs)) };
    }
    if (walked.usedBytes === null) return null;
    const freeBytes = Math.max(0, quota - walked.usedBytes);
    return { freeBytes, freeShare: freeBytes / quota };
  }

  return {
    /** Null where the folder cannot be read, or holds more than can be counted. */
    async look(): Promise<DiskSpace | null> {
      if (bytesMax !== undefined) return ofQuota(bytesMax);
      const disk = await statfs(folder).catch(() => null);
      if (disk === null || disk.blocks === 0) return null;
      return { freeBytes: disk.bavail * disk.bsize, freeShare: Math.min(1, disk.bavail / disk.blocks) };
    },
  };
}

/**
 * Bytes on the disk under `folder`, by blocks: a hole takes none. Links are not followed and other file systems not entered; a file
 * of several names counts once. Null where a part cannot be read.
 */
async function usedUnder(folder: string, isOver: () => boolean): Promise<number | null> {
  const linked = new Set<string>();
  const folders = [folder];
  let device: number | undefined;
  let entries = 0;
  let bytes = 0;

  function add(found: Stats): void {
    const identity = `${found.dev}:${found.ino}`;
    if (found.isFile() && found.nlink > 1 && linked.has(identity)) return;
    if (found.isFile() && found.nlink > 1) linked.add(identity);
    bytes += found.blocks * BLOCK_BYTES;
  }

  try {
    for (let next = folders.pop(); next !== undefined; next = folders.pop()) {
      const own = await unlessGone(lstat(next));
      if (own === null && next === folder) return null;
      device ??= own?.dev;
      if (own === null || own.dev !== device) continue;
      add(own);
      for await (const { name } of (await unlessGone(opendir(next))) ?? []) {
        entries += 1;
        if (entries > ENTRIES_MAX || isOver()) return null;
        const path = join(next, name);
        const found = await unlessGone(lstat(path));
        if (found?.isDirectory()) folders.push(path);
        else if (found !== null) add(found);
      }
    }
    return bytes;
  } catch {
    return null;
  }
}

/** A node removes files while they are counted: what has gone takes no space. */
async function unlessGone<T>(looking: Promise<T>): Promise<T | null> {
  try {
    return await looking;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return null;
    throw error;
  }
}
