/** Entries of a listing, as a walk would write them or as it never would. */
import type { Attributes, Entry, FileEntry } from "../../core/backup/directory/entry.ts";
import type { Kept } from "./directory-rig.ts";

export const attributes: Attributes = {
  mode: 0o755,
  userId: process.getuid?.() ?? 0,
  groupId: process.getgid?.() ?? 0,
  mtimeNs: 1_700_000_000_000_000_000n,
};
export const file = (name: string, text = "text"): FileEntry<Kept> => ({
  kind: "file",
  name,
  ...attributes,
  lengthBytes: text.length,
  holes: [],
  stamp: { sizeBytes: text.length, mtimeNs: 0n, ctimeNs: 0n, inode: 1n, device: 1n },
  content: { bytes: Buffer.from(text) },
});
export const sub = (name: string, ...entries: Entry<Kept>[]): Entry<Kept> => ({ kind: "folder", name, ...attributes, content: { entries } });
export const symlink = (name: string, to: string): Entry<Kept> => ({ kind: "symlink", name, ...attributes, target: to });
export const hardlink = (name: string, to: string): Entry<Kept> => ({ kind: "hardlink", name, to });
