/**
 * What stands under a name, seen without following or opening it. What cannot be backed up is seen as skipped, with a reason;
 * what the file system refuses to show is too, unless the fault lies with this process, which nobody should mistake for an
 * empty folder: then it throws.
 */
import { type BigIntStats, constants } from "node:fs";
import { lstat } from "node:fs/promises";
import type { Attributes, Skipped, Stamp } from "../../core/backup/directory/entry.ts";

export type SeenFile = {
  readonly kind: "file";
  readonly attributes: Attributes;
  readonly stamp: Stamp;
  /** How many names it has. */
  readonly links: number;
  /** Tells a file from a later one to which the file system gave the same inode; 0 where it keeps no such time. */
  readonly bornNs: bigint;
  /** Below its size: it has holes, or is compressed. */
  readonly allocatedBytes: number;
};
export type SeenFolder = { readonly kind: "folder"; readonly attributes: Attributes; readonly device: bigint; readonly inode: bigint };
export type SeenSymlink = { readonly kind: "symlink"; readonly attributes: Attributes; readonly device: bigint };
export type NotSeen = { readonly kind: "skipped"; readonly reason: Skipped["reason"]; readonly detail: string };
export type Seen = SeenFile | SeenFolder | SeenSymlink | NotSeen;

const BLOCK_BYTES = 512n;
const PERMISSION_BITS = 0o7777n;
const TYPE_BITS = BigInt(constants.S_IFMT);

export async function seeEntry(path: Buffer): Promise<Seen> {
  try {
    return seenFrom(await lstat(path, { bigint: true }));
  } catch (error) {
    return skipFor(error);
  }
}

export function seenFrom(stats: BigIntStats): Seen {
  const attributes: Attributes = {
    mode: Number(stats.mode & PERMISSION_BITS),
    userId: Number(stats.uid),
    groupId: Number(stats.gid),
    mtimeNs: stats.mtimeNs,
  };
  switch (Number(stats.mode & TYPE_BITS)) {
    case constants.S_IFREG:
      return seenFile(stats, attributes);
    case constants.S_IFDIR:
      return { kind: "folder", attributes, device: stats.dev, inode: stats.ino };
    case constants.S_IFLNK:
      return { kind: "symlink", attributes, device: stats.dev };
    case constants.S_IFSOCK:
      return { kind: "skipped", reason: "socket", detail: "a socket belongs to the process that listens on it" };
    case constants.S_IFIFO:
      return { kind: "skipped", reason: "fifo", detail: "a named pipe holds nothing that lasts" };
    default:
      return { kind: "skipped", reason: "device", detail: `device ${stats.rdev} belongs to its machine` };
  }
}

function seenFile(stats: BigIntStats, attributes: Attributes): SeenFile | NotSeen {
  const sizeBytes = Number(stats.size);
  if (!Number.isSafeInteger(sizeBytes))
    return { kind: "skipped", reason: "unreadable", detail: `${stats.size} bytes are more than can be addressed` };
  return {
    kind: "file",
    attributes,
    stamp: { sizeBytes, mtimeNs: stats.mtimeNs, ctimeNs: stats.ctimeNs, inode: stats.ino, device: stats.dev },
    links: Number(stats.nlink),
    bornNs: stats.birthtimeNs,
    allocatedBytes: Number(stats.blocks * BLOCK_BYTES),
  };
}

/** ENOTDIR and ESTALE: a folder above it was removed or exchanged. */
const GONE = new Set(["ENOENT", "ENOTDIR", "ESTALE"]);
const REFUSED = new Set(["EACCES", "EPERM", "EIO", "EBADMSG", "EUCLEAN", "ENODATA", "ENXIO", "EBUSY", "EREMOTEIO"]);

/** Throws what is not about the entry: too many open files, memory, a fault of ours. */
export function skipFor(error: unknown): NotSeen {
  const code = codeOf(error);
  if (GONE.has(code)) return { kind: "skipped", reason: "vanished", detail: "it was removed while the backup ran" };
  if (REFUSED.has(code)) return { kind: "skipped", reason: "unreadable", detail: error instanceof Error ? error.message : code };
  throw error;
}

/** Only what is not there is nothing; any other error goes on. */
export function nullIfGone(error: unknown): null {
  if (GONE.has(codeOf(error))) return null;
  throw error;
}

export function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "";
}
