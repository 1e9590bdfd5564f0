/**
 * Where a restore is built: under a name of its own beside its target, so that the target is either what it was or the whole
 * directory, at every moment. The name is always the same, so what a crash left is found and two restores never mix. Nobody
 * but its owner can enter before it is whole.
 */
import { constants } from "node:fs";
import { type FileHandle, lstat, mkdir, open, readdir, rename, rm } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { NAME_BYTES_MAX } from "../../core/backup/directory/entry.ts";
import { RestoreTargetRefused } from "../../core/backup/directory/faults.ts";
import { syncFolder } from "../sync-folder.ts";
import { anchorOf } from "./open-seen.ts";
import { codeOf, nullIfGone } from "./see-entry.ts";

export const FOLDER_FLAGS = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;

export type Staging = {
  readonly handle: FileHandle;
  /** Entries are made below this. */
  readonly at: Buffer;
  putInPlace(): Promise<void>;
  discard(): Promise<void>;
};

/** `discardUnfinished` removes what an earlier restore has left; only whoever knows that none is running may say so. */
export async function openStaging(target: string, options: { discardUnfinished: boolean }): Promise<Staging> {
  const path = resolve(target);
  const staging = join(dirname(path), `.${basename(path)}.restoring`);
  const refuse = (reason: string): never => {
    throw new RestoreTargetRefused({ target, reason });
  };
  if (Buffer.byteLength(basename(staging)) > NAME_BYTES_MAX || dirname(path) === path) refuse("no name can be made beside it");
  if (options.discardUnfinished) await rm(staging, { recursive: true, force: true });
  await lookAtTarget(path, staging, refuse);
  await mkdir(staging, { mode: 0o700 }).catch((error: unknown) => {
    if (codeOf(error) === "EEXIST") refuse(`${staging} is there: another restore is running, or has left it`);
    refuse(error instanceof Error ? error.message : String(error));
  });
  const handle = await open(staging, FOLDER_FLAGS);
  const made = await handle.stat({ bigint: true });
  const isStillThere = async (): Promise<boolean> => {
    const found = await lstat(staging, { bigint: true }).catch(nullIfGone);
    return found !== null && found.ino === made.ino && found.dev === made.dev;
  };
  return {
    handle,
    at: anchorOf(handle, Buffer.from(staging)),
    putInPlace: async () => {
      try {
        if (!(await isStillThere())) refuse(`${staging} was exchanged for something else while it was built`);
        await rename(staging, path).catch((error: unknown) => {
          if (OCCUPIED.has(codeOf(error))) refuse(`something was put there meanwhile; what was restored is whole, in ${staging}`);
          throw error;
        });
      } finally {
        await handle.close();
      }
      await syncFolder(dirname(path));
    },
    discard: async () => {
      await handle.close();
      if (await isStillThere()) await rm(staging, { recursive: true, force: true });
    },
  };
}

const OCCUPIED = new Set(["ENOTEMPTY", "EEXIST", "ENOTDIR", "EBUSY"]);

/** Absent, or an empty folder that gives its place: a mount point does not, and would say so only after days of restoring. */
async function lookAtTarget(path: string, staging: string, refuse: (reason: string) => never): Promise<void> {
  const found = await lstat(path).catch((error: unknown) => (codeOf(error) === "ENOENT" ? null : refuse(String(error))));
  if (found === null) return;
  if (!found.isDirectory()) return refuse("it is there and is not a folder");
  if ((await readdir(path)).length > 0) return refuse("it is there and is not empty; move it away first");
  if (await lstat(staging).then(Boolean, () => false)) return;
  await rename(path, staging).catch(() => refuse("it cannot be exchanged, as a mount point cannot; name a folder in it"));
  await rename(staging, path);
}
