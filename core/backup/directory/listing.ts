/**
 * What a listing may ask of a restore. It comes out of a vault and may be anybody's work: each name must be one name of its
 * folder, used once, and every number must fit. A listing is refused as a whole, before anything of it is made.
 */
import { type Attributes, type Entry, PATH_BYTES_MAX, refuseName } from "./entry.ts";
import { joinPath, refusePath } from "./paths.ts";
import { refuseHoles } from "./stretches.ts";

const MODE_MAX = 0o7777;
/** Linux's ids are 32 bits wide; the last means "nobody in particular" to chown and would leave the owner as it is. */
const OWNER_ID_MAX = 0xffff_fffe;
/** Year 1 to 9999: beyond these it is no time that a file system gave. */
const MTIME_NS_MIN = -62_135_596_800_000_000_000n;
const MTIME_NS_MAX = 253_402_300_799_999_999_999n;
/** Linux's longest target of a symbolic link. */
const TARGET_BYTES_MAX = 4095;

export type ListingFault = { readonly path: string; readonly reason: string };

/** The first reason against the listing of the folder at `path`, or null. */
export function refuseListing(path: string, entries: readonly Entry<unknown>[]): ListingFault | null {
  const names = new Set<string>();
  for (const entry of entries) {
    const reason = refuseName(entry.name);
    if (reason !== null) return { path, reason: `a name ${reason}` };
    const at = joinPath(path, entry.name);
    if (at.length > PATH_BYTES_MAX) return { path: at, reason: `the path has ${at.length} bytes; at most ${PATH_BYTES_MAX} are restored` };
    if (names.has(entry.name)) return { path: at, reason: "the name is listed twice" };
    names.add(entry.name);
    const fault = refuseEntry(entry);
    if (fault !== null) return { path: at, reason: fault };
  }
  return null;
}

function refuseEntry(entry: Entry<unknown>): string | null {
  if (entry.kind === "hardlink") {
    const reason = refusePath(entry.to);
    return reason === null ? null : `it is another name of a file outside of the backup: ${reason}`;
  }
  if (entry.kind === "symlink") return refuseTarget(entry.target) ?? refuseAttributes(entry);
  if (entry.kind === "file") return refuseHoles(entry.lengthBytes, entry.holes) ?? refuseAttributes(entry);
  return refuseAttributes(entry);
}

export function refuseAttributes({ mode, userId, groupId, mtimeNs }: Attributes): string | null {
  if (!isWithin(mode, MODE_MAX)) return `${mode} is no mode`;
  if (!isWithin(userId, OWNER_ID_MAX) || !isWithin(groupId, OWNER_ID_MAX)) return `${userId}:${groupId} is no owner`;
  if (mtimeNs < MTIME_NS_MIN || mtimeNs > MTIME_NS_MAX) return `${mtimeNs} ns is no time`;
  return null;
}

/** Wherever it points: nothing is ever written through it. */
function refuseTarget(target: string): string | null {
  if (target === "" || target.length > TARGET_BYTES_MAX) return `a symbolic link's target cannot have ${target.length} bytes`;
  for (let at = 0; at < target.length; at += 1) {
    const code = target.charCodeAt(at);
    if (code === 0 || code > 0xff) return "the symbolic link's target is not bytes without NUL";
  }
  return null;
}

function isWithin(value: number, max: number): boolean {
  return Number.isSafeInteger(value) && value >= 0 && value <= max;
}
