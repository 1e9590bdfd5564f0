/**
 * Opens a regular file or a folder as it was seen and nothing else: a symbolic link put there meanwhile is not followed, a
 * named pipe does not hang it, and what was opened is compared with what was seen by device and inode.
 */
import { constants, existsSync } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { codeOf, type NotSeen, type SeenFile, type SeenFolder, seeEntry, seenFrom, skipFor } from "./see-entry.ts";

/** `replaced`: between the look and the opening something else took the name; looking again may find a file. */
export type Opened = { readonly kind: "open"; readonly handle: FileHandle; readonly seen: SeenFile } | { readonly kind: "replaced" } | NotSeen;
export type OpenFile = () => Promise<Opened>;

const READ_SEEN = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK | constants.O_NOCTTY;
const READ_FOLDER = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_DIRECTORY;

/** Looks again at each call, since a node replaces files by renaming new ones over them. `device`: on which it must be. */
export async function openFile(path: Buffer, device: bigint): Promise<Opened> {
  const seen = await seeEntry(path);
  if (seen.kind === "skipped") return seen;
  if (seen.kind !== "file") return { kind: "skipped", reason: "vanished", detail: `a ${seen.kind} took its name while the backup ran` };
  if (seen.stamp.device !== device) return otherFileSystem(seen.stamp.device, device);
  return await openAsSeen(path, seen);
}

/** Never another file than the one that was seen, whatever has taken its name since. */
export async function openAsSeen(path: Buffer, seen: SeenFile): Promise<Opened> {
  const handle = await openAt(path, READ_SEEN);
  if (handle === "replaced") return { kind: "replaced" };
  if ("kind" in handle) return handle;
  return await kept(handle, async () => {
    const opened = seenFrom(await handle.stat({ bigint: true }));
    const same = opened.kind === "file" && opened.stamp.inode === seen.stamp.inode && opened.stamp.device === seen.stamp.device;
    return same ? { kind: "open", handle, seen: opened } : { kind: "replaced" };
  });
}

export type OpenedFolder = { readonly kind: "open"; readonly handle: FileHandle; readonly seen: SeenFolder } | NotSeen;

export async function openFolder(path: Buffer, seen: SeenFolder): Promise<OpenedFolder> {
  const handle = await openAt(path, READ_FOLDER);
  if (handle === "replaced") return { kind: "skipped", reason: "vanished", detail: "a symbolic link took its name while the backup ran" };
  if ("kind" in handle) return handle;
  return await kept(handle, async () => {
    const opened = seenFrom(await handle.stat({ bigint: true }));
    const same = opened.kind === "folder" && opened.inode === seen.inode && opened.device === seen.device;
    return same
      ? { kind: "open", handle, seen: opened }
      : { kind: "skipped", reason: "vanished", detail: "another folder took its name while the backup ran" };
  });
}

/**
 * The path under which an open folder's entries are reached. Node has no openat, but Linux leads /proc/self/fd/N to the very
 * folder that is open, so nobody who renames a folder above can have us read or write elsewhere, and long paths stay short.
 * Elsewhere it is the path by which it was opened.
 */
export function anchorOf(handle: FileHandle, path: Buffer): Buffer {
  return HAS_ANCHORS ? Buffer.from(`/proc/self/fd/${handle.fd}`) : path;
}

const HAS_ANCHORS = process.platform === "linux" && existsSync("/proc/self/fd");

export function below(folder: Buffer, name: Buffer): Buffer {
  return Buffer.concat([folder, Buffer.from("/"), name]);
}

export function otherFileSystem(found: bigint, device: bigint): NotSeen {
  return { kind: "skipped", reason: "other-file-system", detail: `it is on device ${found}, the directory on ${device}` };
}

async function openAt(path: Buffer, flags: number): Promise<FileHandle | NotSeen | "replaced"> {
  try {
    return await open(path, flags);
  } catch (error) {
    // O_NOFOLLOW's answer to a symbolic link.
    if (codeOf(error) === "ELOOP") return "replaced";
    return skipFor(error);
  }
}

/** Closes it again unless it is handed on. */
async function kept<T extends { readonly kind: string }>(handle: FileHandle, look: () => Promise<T>): Promise<T> {
  let isKept = false;
  try {
    const answer = await look();
    isKept = answer.kind === "open";
    return answer;
  } finally {
    if (!isKept) await handle.close();
  }
}
