/**
 * Gives what was restored its owner, permissions and time, in the order in which none undoes another: a change of owner takes
 * the set-user bit away, and any change of content or of a folder's entries moves its time.
 *
 * Node sets times to the microsecond (libuv cuts the rest off), so nanoseconds below are lost. Only root gives files away;
 * whoever else restores owns everything, and set-user and set-group bits that were another's are not set, since they would
 * then lend the restoring user's rights.
 */
import { type FileHandle, lchown, lutimes } from "node:fs/promises";
import type { Attributes } from "../../core/backup/directory/entry.ts";

const NS_PER_US = 1_000n;
const US_PER_S = 1_000_000n;
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

/**
 * As text, because Node takes a negative number for "now". Half a microsecond is added away from zero: a double near today's
 * seconds is exact to a quarter of one, and what libuv cuts off towards zero must not be a whole one.
 */
export function secondsOf(mtimeNs: bigint): string {
  const microseconds = floorDivide(mtimeNs, NS_PER_US);
  const sign = microseconds < 0n ? "-" : "";
  const size = microseconds < 0n ? -microseconds : microseconds;
  return `${sign}${size / US_PER_S}.${String(size % US_PER_S).padStart(6, "0")}5`;
}

function floorDivide(value: bigint, by: bigint): bigint {
  const quotient = value / by;
  return value % by < 0n ? quotient - 1n : quotient;
}
