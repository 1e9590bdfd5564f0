/**
 * What a folder of a node's data directory holds, as a backup remembers it: enough to make each entry again as it was, and
 * enough to tell on the next run whether a file must be read again. `C` is whatever the writer of contents refers to bytes
 * by; this model never looks into it. Names are bytes, as Linux has them, and no name of a listing can reach out of its folder.
 */

/** What the file system says of one file at one moment. Two equal stamps, taken long enough apart, mean the same bytes. */
export type Stamp = {
  readonly sizeBytes: number;
  readonly mtimeNs: bigint;
  readonly ctimeNs: bigint;
  readonly inode: bigint;
  readonly device: bigint;
};

/** A stretch of a sparse file for which the disk has no blocks: it reads as zeros. */
export type Hole = { readonly offset: number; readonly length: number };

/** What every entry has beside its name, and the root has too. */
export type Attributes = {
  /** 07777: the permissions with set-user, set-group and sticky. */
  readonly mode: number;
  readonly userId: number;
  readonly groupId: number;
  readonly mtimeNs: bigint;
};

/** `name` in latin1: one character a byte, so names that are not UTF-8 survive. Never "", ".", "..", never with "/" or NUL. */
type Common = Attributes & { readonly name: string };

/** `lengthBytes` counts the holes; the bytes that `content` refers to are those between them, in order. Holes are ascending and apart. */
export type FileEntry<C> = Common & {
  readonly kind: "file";
  readonly lengthBytes: number;
  readonly holes: readonly Hole[];
  readonly stamp: Stamp;
  readonly content: C;
};

/** `content` refers to the folder's own listing. */
export type FolderEntry<C> = Common & { readonly kind: "folder"; readonly content: C };

/** `target` in latin1, kept as it is written, wherever it points. */
export type SymlinkEntry = Common & { readonly kind: "symlink"; readonly target: string };

/** Another name of a file met earlier. `to` in latin1: that file's path from the root, "/"-separated. Its attributes are that file's. */
export type HardlinkEntry = { readonly kind: "hardlink"; readonly name: string; readonly to: string };

export type Entry<C> = FileEntry<C> | FolderEntry<C> | SymlinkEntry | HardlinkEntry;

/** What a backup does not hold, by its path from the root, in latin1. A backup that skipped something says so. */
export type Skipped = {
  readonly path: string;
  readonly reason: "socket" | "device" | "fifo" | "unreadable" | "vanished" | "other-file-system" | "changed-while-read";
  readonly detail: string;
};

/** Linux's NAME_MAX. */
export const NAME_BYTES_MAX = 255;
/** Below Linux's PATH_MAX of 4096 with room for the root's own path; restoring needs the same room. */
export const PATH_BYTES_MAX = 3_072;

/** Why a name cannot be one entry of a folder, or null. A listing that comes from a vault is refused, not repaired. */
export function refuseName(name: string): string | null {
  if (name === "") return "is empty";
  if (name === "." || name === "..") return "is a way to another folder";
  if (name.length > NAME_BYTES_MAX) return `has ${name.length} bytes; at most ${NAME_BYTES_MAX} are a name`;
  for (let at = 0; at < name.length; at += 1) {
    const code = name.charCodeAt(at);
    if (code === 0) return "has a NUL";
    if (code === 0x2f) return "has a slash";
    if (code > 0xff) return "is not latin1, one character a byte";
  }
  return null;
}
