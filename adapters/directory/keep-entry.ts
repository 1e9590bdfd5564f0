/** What a folder's listing says of one file or one symbolic link that was seen in it, or why it cannot be listed. */
import { readlink } from "node:fs/promises";
import type { Entry, Skipped } from "../../core/backup/directory/entry.ts";
import type { LinkClaim } from "./hard-links.ts";
import { openFile } from "./open-seen.ts";
import { codeOf, type SeenFile, type SeenSymlink, skipFor } from "./see-entry.ts";
import type { Visitor } from "./walk-options.ts";

/** `path` from the root, in latin1; `at` is where the file system has it. */
export type Child = { readonly name: string; readonly path: string; readonly at: Buffer };

export async function keepFile<C>(child: Child, look: SeenFile, claim: LinkClaim, visit: Visitor<C>): Promise<Entry<C> | Skipped> {
  const { name, path } = child;
  let keptAt: string | null = null;
  try {
    keptAt = await claim.earlier;
    if (keptAt !== null) return { kind: "hardlink", name, to: keptAt };
    const visited = await visit.file(path, look, () => openFile(child.at, look.stamp.device));
    if (visited.kind === "skipped") return visited.skipped;
    const { seen, holes, content } = visited;
    // Another file may have taken the name since the look: the names that the first one still has do not lead here.
    if (isSame(seen, look)) keptAt = path;
    return { kind: "file", name, ...seen.attributes, lengthBytes: seen.stamp.sizeBytes, holes, stamp: seen.stamp, content };
  } finally {
    claim.settle(keptAt);
  }
}

function isSame(one: SeenFile, other: SeenFile): boolean {
  return one.stamp.inode === other.stamp.inode && one.stamp.device === other.stamp.device && one.bornNs === other.bornNs;
}

export async function keepSymlink({ name, path, at }: Child, { attributes }: SeenSymlink): Promise<Entry<never> | Skipped> {
  try {
    const target = await readlink(at, { encoding: "buffer" });
    return { kind: "symlink", name, ...attributes, target: target.toString("latin1") };
  } catch (error) {
    // The answer for what is not a symbolic link, or no more.
    if (codeOf(error) === "EINVAL") return { path, reason: "vanished", detail: "something else took the symbolic link's name while the backup ran" };
    const { reason, detail } = skipFor(error);
    return { path, reason, detail };
  }
}
