/** Backs a directory up into memory and restores it from there, with the walk, the steady reading and the restore as they are. */
import { writeSync } from "node:fs";
import { readSteadily } from "../../adapters/directory/read-steadily.ts";
import { type DirectoryRestore, openRestore, type RestoreOptions } from "../../adapters/directory/restore.ts";
import { walkDirectory } from "../../adapters/directory/walk.ts";
import type { Visitor, Walked, WalkOptions } from "../../adapters/directory/walk-options.ts";
import type { Attributes, Entry } from "../../core/backup/directory/entry.ts";
import { dataStretches } from "../../core/backup/directory/stretches.ts";
import type { Clock } from "../../core/kernel/ports.ts";
import { settableClock } from "./settable-clock.ts";

/** Refers to bytes or to a listing by their place in the memory. */
export type Kept = { readonly bytes: Buffer } | { readonly entries: readonly Entry<Kept>[] };

/** An odd length, so that no read meets the end of a block or of a file by chance. */
const READ_BYTES = 100_003;

export async function readAll(readNext: (into: Uint8Array) => Promise<number>): Promise<Buffer> {
  const parts: Buffer[] = [];
  const into = Buffer.alloc(READ_BYTES);
  for (;;) {
    const count = await readNext(into);
    if (count === 0) return Buffer.concat(parts);
    parts.push(Buffer.from(into.subarray(0, count)));
  }
}

export function keepInMemory(clock: Clock = settableClock()): Visitor<Kept> {
  return {
    file: (path, _seen, open) => readSteadily({ path, open }, async (readNext): Promise<Kept> => ({ bytes: await readAll(readNext) }), { clock }),
    folder: async (_path, entries) => ({ entries }),
  };
}

export function backUp(root: string, options: Partial<WalkOptions> = {}): Promise<Walked<Kept>> {
  return walkDirectory(root, keepInMemory(), { width: 4, ...options });
}

export async function restoreTo(target: string, walked: { root: Kept; attributes: Attributes }, options: RestoreOptions = {}): Promise<void> {
  const restore = await openRestore(target, options);
  try {
    await addTree(restore, "", walked.root);
    await restore.finish(walked.attributes);
  } catch (error) {
    await restore.abandon();
    throw error;
  }
}

async function addTree(restore: DirectoryRestore, path: string, content: Kept): Promise<void> {
  if (!("entries" in content)) throw new Error(`${path} is listed as a folder and has bytes`);
  const { files, folders } = await restore.addFolder(path, content.entries);
  for (const { entry, open } of files) {
    const file = await open();
    if (!("bytes" in entry.content)) throw new Error(`${file.path} is listed as a file and has entries`);
    let from = 0;
    for (const { offset, length } of dataStretches(entry.lengthBytes, entry.holes)) {
      writeSync(file.fd, entry.content.bytes, from, length, offset);
      from += length;
    }
    await file.close();
  }
  for (const { path: below, entry } of folders) await addTree(restore, below, entry.content);
}
