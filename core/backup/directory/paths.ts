/**
 * Paths from a backup's root, in latin1 like the names that they are made of: "" is the root, then names joined by "/". A path
 * that came from outside is a path only when each of its names is one, so none leads out of its root.
 */
import { refuseName } from "./entry.ts";

export function joinPath(folder: string, name: string): string {
  return folder === "" ? name : `${folder}/${name}`;
}

/** Why text cannot be the path of an entry below the root, or null. */
export function refusePath(path: string): string | null {
  for (const name of path.split("/")) {
    const reason = refuseName(name);
    if (reason !== null) return `its part ${showPath(name)} ${reason}`;
  }
  return null;
}

/** How many folders are above it. */
export function depthOf(path: string): number {
  return path === "" ? 0 : path.split("/").length;
}

/** For people: as UTF-8 where it is, quoted, and without what would move a terminal's cursor or write a log line of its own. */
export function showPath(path: string): string {
  if (path === "") return "its root";
  return JSON.stringify(Buffer.from(path, "latin1").toString("utf8")).replaceAll(UNSHOWN, (sign) => `\\u{${sign.codePointAt(0)?.toString(16)}}`);
}

const UNSHOWN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;
