/**
 * One backup of a directory into a vault: what has not changed since the backup before is referred to, the rest is read and
 * stored.
 */
import type { Skipped } from "../../core/backup/directory/entry.ts";
import type { ChainPoint, Manifest } from "../../core/backup/vault/manifest.ts";
import { walkDirectory } from "../directory/walk.ts";
import { type BackupGiven, type BackupOrder, beginBackup } from "./backup-run.ts";
import { PreviousTree } from "./previous-tree.ts";
import { TreeWriter, type TreeWriterGiven } from "./tree-writer.ts";

export type DirectoryGiven = BackupGiven & {
  readonly onFile?: NonNullable<TreeWriterGiven["onFile"]>;
  /** Told when all of the directory was read: what is stored after that needs it no more. */
  readonly onRead?: () => void;
};
export type DirectoryOrder = BackupOrder & {
  readonly folder: string;
  readonly consistency: Manifest["consistency"];
  readonly chain: ChainPoint | null;
  readonly fullReread: boolean;
};
/** `faults` are what was found wrong with earlier backups on the way: what they held was read and stored again. */
export type BackupDone = { readonly manifest: Manifest; readonly skipped: readonly Skipped[]; readonly faults: readonly Error[] };

/** Throws `InputInvalid` where another run has written the next backup of this source meanwhile. */
export async function backupDirectory(given: DirectoryGiven, order: DirectoryOrder): Promise<BackupDone> {
  const run = await beginBackup(given, order);
  const { fullReread, folder, consistency, chain } = order;
  const tree = new TreeWriter({
    ...given,
    writer: run.writer,
    fullReread,
    previous: run.previous && new PreviousTree(run.reader, run.previous.manifest),
  });
  const walked = await walkDirectory(folder, tree, { width: run.writer.width, ...(given.signal ? { signal: given.signal } : {}) });
  given.onRead?.();
  const { files, folders, symlinks, hardlinks, bytes } = walked.counts;
  const manifest = await run.complete({
    root: walked.root,
    attributes: walked.attributes,
    consistency,
    chain,
    counts: {
      files,
      folders,
      others: symlinks + hardlinks,
      skipped: walked.skipped.length,
      sourceBytes: bytes,
      readBytes: tree.readBytes,
      chunks: tree.chunks,
    },
  });
  return { manifest, skipped: walked.skipped, faults: [...run.faults, ...tree.faults] };
}
