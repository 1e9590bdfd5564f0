/**
 * Gives what was restored its owner, permissions and time, in the order in which none undoes another: a change of owner takes
 * the set-user bit away, and any change of content or of a folder's entries moves its time.
 *
 * Node takes a time as a double of seconds, in which today's are 238 ns apart: a file's time is restored to within that, exactly
 * where it has whole seconds. A backup after a restore therefore reads every file again once. Only root gives files away;
 * whoever else restores owns everything, and set-user and set-group bits that were another's are not set, since they would
 * then lend the restoring user's rights.
 */
import { type FileHandle, lchown, lutimes } from "node:fs/promises";
import type { Attributes } from "../../core/backup/directory/entry.ts";

const NS_PER_S = 1_000_000_000n;
const SET_ID_BITS = 0o6000;

/** Of a file or folder that is open. */
export async function setAttributes(handle: FileHandle, attributes: Attributes, asRoot: boolean): Promise<void> {
  const { mode, userId, groupId, mtimeNs } = attributes;
  if (asRoot) await handle.chown(userId, groupId);
  await handle.chmod(asRoot || (await isOwned(handle, attributes)) ? mode : mode & ~SET_ID_BITS);
  await handle.utimes(secondsOf(mtimeNs), secondsOf(mtimeNs));
}

/** A symbolic link has no permissions of its own on Linux. */
export async function setSymlinkAttributes(path: Buffer, { userId, groupId, mtimeNs }: Attributes, asRoot: boolean): Promise<void> {
  if (asRoot) await lchown(path, userId, groupId);
  await lutimes(path, secondsOf(mtimeNs), secondsOf(mtimeNs));
}

async function isOwned(handle: FileHandle, { userId, groupId }: Attributes): Promise<boolean> {
  const { uid, gid } = await handle.stat();
  return uid === userId && gid === groupId;
}

/** As text, because Node takes a negative number for "now". */
export function secondsOf(mtimeNs: bigint): string {
  const sign = mtimeNs < 0n ? "-" : "";
  const size = mtimeNs < 0n ? -mtimeNs : mtimeNs;
  return `${sign}${size / NS_PER_S}.${String(size % NS_PER_S).padStart(9, "0")}`;
}
