/**
 * Builds a directory from its listings, from the root downwards, and puts it in place as a whole. A listing is not trusted:
 * names are checked, everything is made anew and nothing is opened that was there, and symbolic links are made last of all,
 * so that at no time a path of the restore leads through one. Nothing is ever written outside of the folder that is built.
 *
 * What is held in memory is its folders and links; of its files only those that are being written.
 */
import { link, lstat, mkdir, open, symlink } from "node:fs/promises";
import type { Attributes, Entry, FileEntry, FolderEntry, HardlinkEntry, SymlinkEntry } from "../../core/backup/directory/entry.ts";
import { DirectoryListingRefused, RestoreNotWritten, RestoreUnfinished } from "../../core/backup/directory/faults.ts";
import { refuseAttributes, refuseListing } from "../../core/backup/directory/listing.ts";
import { depthOf, joinPath, showPath } from "../../core/backup/directory/paths.ts";
import { below } from "./open-seen.ts";
import { createFile, type RestoringFile } from "./restore-file.ts";
import { FOLDER_FLAGS, openStaging, type Staging } from "./restore-staging.ts";
import { codeOf, nullIfGone } from "./see-entry.ts";
import { setAttributes, setSymlinkAttributes } from "./set-attributes.ts";

/** Each file is opened once, written and closed; each folder is added in its turn. */
export type AddedFolder<C> = {
  readonly files: readonly { readonly path: string; readonly entry: FileEntry<C>; open(): Promise<RestoringFile<C>> }[];
  readonly folders: readonly { readonly path: string; readonly entry: FolderEntry<C> }[];
};

export type RestoreOptions = {
  readonly discardUnfinished?: boolean;
  /** Whether owners are set, which only root may. */
  readonly asRoot?: boolean;
};

export async function openRestore(target: string, options: RestoreOptions = {}): Promise<DirectoryRestore> {
  const staging = await openStaging(target, { discardUnfinished: options.discardUnfinished ?? false });
  return new DirectoryRestore(target, staging, options.asRoot ?? process.getuid?.() === 0);
}

export class DirectoryRestore {
  /** Whether owners are as they were; else everything belongs to whoever restores. */
  readonly keepsOwners: boolean;
  private readonly target: string;
  private readonly staging: Staging;
  /** Announced by the listing above, and not added yet. */
  private readonly awaited = new Set([""]);
  private readonly unwritten = { files: 0, folders: 1 };
  private readonly folders: { path: string; attributes: Attributes }[] = [];
  private readonly hardlinks: { path: string; entry: HardlinkEntry }[] = [];
  private readonly symlinks: { path: string; entry: SymlinkEntry }[] = [];

  constructor(target: string, staging: Staging, asRoot: boolean) {
    this.target = target;
    this.staging = staging;
    this.keepsOwners = asRoot;
  }

  /** `path` is "" for the root, else that of a folder which an earlier answer has named. */
  async addFolder<C>(path: string, entries: readonly Entry<C>[]): Promise<AddedFolder<C>> {
    if (!this.awaited.delete(path))
      throw new DirectoryListingRefused({ path, reason: "no listing above it names it as a folder, or it was added before" });
    const fault = refuseListing(path, entries);
    if (fault !== null) throw new DirectoryListingRefused(fault);
    const added = { files: [] as AddedFolder<C>["files"][number][], folders: [] as AddedFolder<C>["folders"][number][] };
    for (const entry of entries) {
      const place = joinPath(path, entry.name);
      if (entry.kind === "hardlink") this.hardlinks.push({ path: place, entry });
      else if (entry.kind === "symlink") this.symlinks.push({ path: place, entry });
      else if (entry.kind === "file") added.files.push({ path: place, entry, open: () => this.create(place, entry) });
      else added.folders.push({ path: place, entry });
    }
    this.unwritten.files += added.files.length;
    this.unwritten.folders += added.folders.length;
    for (const { path: place, entry } of added.folders) {
      await this.write(place, () => mkdir(this.at(place), { mode: 0o700 }));
      this.folders.push({ path: place, attributes: entry });
      this.awaited.add(place);
    }
    this.unwritten.folders -= 1;
    return added;
  }

  /** Makes the links, sets the folders' attributes, and puts the whole in its place; durable afterwards. */
  async finish(root: Attributes): Promise<void> {
    const { files, folders } = this.unwritten;
    if (files > 0 || folders > 0) throw new RestoreUnfinished({ target: this.target, files, folders });
    const fault = refuseAttributes(root);
    if (fault !== null) throw new DirectoryListingRefused({ path: "", reason: fault });
    // Before the symbolic links, so that the name of the other file cannot lead through one.
    for (const { path, entry } of this.hardlinks) await this.link(path, entry);
    for (const { path, entry } of this.symlinks) {
      await this.write(path, async () => {
        await symlink(Buffer.from(entry.target, "latin1"), this.at(path));
        await setSymlinkAttributes(this.at(path), entry, this.keepsOwners);
      });
    }
    // Deepest first: a folder's own permissions may forbid what is done below it.
    for (const { path, attributes } of this.folders.sort((left, right) => depthOf(right.path) - depthOf(left.path))) {
      await this.write(path, () => this.finishFolder(path, attributes));
    }
    await this.write("", async () => {
      await setAttributes(this.staging.handle, root, this.keepsOwners);
      await this.staging.handle.sync();
      await this.staging.putInPlace();
    });
  }

  /** Removes what was built, even when it is whole and only its place was taken; the target is as it was. */
  async abandon(): Promise<void> {
    await this.staging.discard();
  }

  private create<C>(path: string, entry: FileEntry<C>): Promise<RestoringFile<C>> {
    const written = (): void => {
      this.unwritten.files -= 1;
    };
    return this.write(path, () => createFile({ path, at: this.at(path), entry }, { asRoot: this.keepsOwners, written }));
  }

  private async link(path: string, { to }: HardlinkEntry): Promise<void> {
    const found = await lstat(this.at(to)).catch(nullIfGone);
    if (found === null || !found.isFile())
      throw new DirectoryListingRefused({ path, reason: `it is another name of ${showPath(to)}, which is no file of it` });
    await this.write(path, () => link(this.at(to), this.at(path)));
  }

  private async finishFolder(path: string, attributes: Attributes): Promise<void> {
    const handle = await open(this.at(path), FOLDER_FLAGS);
    try {
      await setAttributes(handle, attributes, this.keepsOwners);
      await handle.sync();
    } finally {
      await handle.close();
    }
  }

  private at(path: string): Buffer {
    return path === "" ? this.staging.at : below(this.staging.at, Buffer.from(path, "latin1"));
  }

  private async write<T>(path: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (cause) {
      const code = codeOf(cause);
      // Listed once, and yet there: names that this file system takes for the same, or an opening twice.
      if (code === "EEXIST") throw new DirectoryListingRefused({ path, reason: "its name is taken already on this file system" });
      if (code === "") throw cause;
      throw new RestoreNotWritten({ path, cause });
    }
  }
}
