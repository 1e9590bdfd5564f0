/**
 * The names in one folder, in bytewise order, so that the same folder is always listed the same. Only names are held; what
 * they stand for is looked at later, as late as possible. The folder stays open until it is closed: its entries are reached
 * through it, wherever it is moved meanwhile.
 */
import { type Dirent, opendir } from "node:fs";
import { promisify } from "node:util";
import { DirectoryBeyondLimits } from "../../core/backup/directory/faults.ts";
import { anchorOf, openFolder } from "./open-seen.ts";
import { type NotSeen, type SeenFolder, seeEntry, skipFor } from "./see-entry.ts";

/** `isFolder` is the listing's hint; the look at the entry decides. */
export type FolderName = { readonly name: Buffer; readonly isFolder: boolean };
export type ReadFolder = {
  readonly kind: "read";
  /** Where its entries are reached while it is open. */
  readonly at: Buffer;
  readonly seen: SeenFolder;
  readonly names: readonly FolderName[];
  close(): Promise<void>;
};

/** Names asked of the system at once. */
const NAMES_AT_ONCE = 512;

/** `shown`: the path from the root, for errors. `seen`: the folder that must still be there; looked for when it is not given. */
export async function readFolder(path: Buffer, options: { entriesMax: number; shown: string; seen?: SeenFolder }): Promise<ReadFolder | NotSeen> {
  const seen = options.seen ?? (await seeEntry(path));
  if (seen.kind === "skipped") return seen;
  if (seen.kind !== "folder") return { kind: "skipped", reason: "unreadable", detail: `it is a ${seen.kind} and not a folder` };
  const opened = await openFolder(path, seen);
  if (opened.kind === "skipped") return opened;
  const { handle } = opened;
  const at = anchorOf(handle, path);
  try {
    const names = await namesIn(at, options);
    return { kind: "read", at, seen: opened.seen, names, close: () => handle.close() };
  } catch (error) {
    await handle.close();
    return skipFor(error);
  }
}

/** In raw bytes, which the types of Node leave out for this call: a name need not be UTF-8. */
const openList = promisify(opendir) as unknown as (
  path: Buffer,
  options: { encoding: "buffer"; bufferSize: number },
) => Promise<AsyncIterable<Dirent<Buffer>>>;

async function namesIn(at: Buffer, { entriesMax, shown }: { entriesMax: number; shown: string }): Promise<FolderName[]> {
  const names: FolderName[] = [];
  // Leaving the loop in any way closes the list.
  for await (const entry of await openList(at, { encoding: "buffer", bufferSize: NAMES_AT_ONCE })) {
    if (names.length === entriesMax)
      throw new DirectoryBeyondLimits({ path: shown, what: "entries or more", found: entriesMax + 1, max: entriesMax });
    names.push({ name: entry.name, isFolder: entry.isDirectory() });
  }
  return names.sort((left, right) => Buffer.compare(left.name, right.name));
}
