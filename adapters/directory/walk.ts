/**
 * Walks a directory from its leaves to its root, in the bytewise order of names, and tells a visitor of each file and, once
 * its content is known, of each folder. Nothing is left out in silence: an entry is in its folder's listing or among the
 * skipped. Symbolic links are kept and never followed. What is held in memory is the listings from the root to the folder
 * that is being walked, never the tree.
 */
import { realpath } from "node:fs/promises";
import type { Attributes, Entry, Skipped } from "../../core/backup/directory/entry.ts";
import { DirectoryBeyondLimits, DirectoryUnreadable } from "../../core/backup/directory/faults.ts";
import { depthOf, joinPath } from "../../core/backup/directory/paths.ts";
import { HardLinks } from "./hard-links.ts";
import { type Child, keepFile, keepSymlink } from "./keep-entry.ts";
import { below, otherFileSystem } from "./open-seen.ts";
import { type FolderName, type ReadFolder, readFolder } from "./read-folder.ts";
import { type NotSeen, type Seen, type SeenFile, type SeenFolder, type SeenSymlink, seeEntry, skipFor } from "./see-entry.ts";
import { Slots } from "./slots.ts";
import { type Visitor, WALK_LIMITS, type WalkCounts, type Walked, type WalkLimits, type WalkOptions } from "./walk-options.ts";

/** The root itself may be a symbolic link: an operator names it. */
export async function walkDirectory<C>(root: string, visit: Visitor<C>, options: WalkOptions): Promise<Walked<C>> {
  const path = await realpath(root, { encoding: "buffer" }).catch((error: unknown) => unreadable(root, skipFor(error)));
  const seen = await seeEntry(path);
  if (seen.kind === "skipped") return unreadable(root, seen);
  if (seen.kind !== "folder") throw new DirectoryUnreadable({ root, reason: `it is a ${seen.kind}` });
  const walk = new Walk(visit, options, seen.device);
  const walked = await walk.folder("", path, seen);
  if (walked.kind === "skipped") return unreadable(root, walked);
  const skipped = walk.skipped.toSorted((left, right) => (left.path < right.path ? -1 : 1));
  return { root: walked.content, attributes: walked.attributes, skipped, counts: walk.counts };
}

function unreadable(root: string, { detail }: NotSeen): never {
  throw new DirectoryUnreadable({ root, reason: detail });
}

type WalkedFolder<C> = { readonly kind: "walked"; readonly content: C; readonly attributes: Attributes };

/** Entries looked at together, ahead of their visits. */
const LOOKS_AT_ONCE = 32;

class Walk<C> {
  readonly skipped: Skipped[] = [];
  readonly counts: { -readonly [K in keyof WalkCounts]: number } = { files: 0, folders: 0, symlinks: 0, hardlinks: 0, bytes: 0 };
  private readonly visit: Visitor<C>;
  private readonly options: WalkOptions;
  private readonly device: bigint;
  private readonly limits: WalkLimits;
  private readonly slots: Slots;
  private readonly links = new HardLinks();
  /** The first fault of a visit that runs beside the walk. */
  private failure: { readonly cause: unknown } | null = null;

  constructor(visit: Visitor<C>, options: WalkOptions, device: bigint) {
    this.visit = visit;
    this.options = options;
    this.device = device;
    this.limits = { ...WALK_LIMITS, ...options.limits };
    this.slots = new Slots(options.width);
  }

  async folder(path: string, at: Buffer, seen: SeenFolder): Promise<WalkedFolder<C> | NotSeen> {
    const { depthMax, entriesPerFolderMax } = this.limits;
    if (depthOf(path) > depthMax) throw new DirectoryBeyondLimits({ path, what: "folders above it", found: depthOf(path), max: depthMax });
    const read = await readFolder(at, { entriesMax: entriesPerFolderMax, shown: path, seen });
    if (read.kind === "skipped") return read;
    const places: (Entry<C> | null)[] = [];
    const visits: Promise<void>[] = [];
    try {
      for await (const { child, look } of this.looks(path, read)) {
        this.goOn();
        const place = places.push(null) - 1;
        const keep = (kept: Entry<C> | Skipped): void => {
          places[place] = this.count(kept);
        };
        if (look.kind === "file") visits.push((await this.besides(child, look, keep)).visit);
        else keep(await this.withoutBytes(child, look));
      }
    } finally {
      // Visits reach their files through this folder.
      await Promise.all(visits);
      await read.close();
    }
    this.goOn();
    const entries = places.filter((entry) => entry !== null);
    return { kind: "walked", content: await this.visit.folder(path, entries), attributes: read.seen.attributes };
  }

  /** What each name stands for, seen shortly before its visit: no look is older than the walk of a folder before it. */
  private async *looks(path: string, { names, at }: ReadFolder): AsyncGenerator<{ child: Child; look: Seen }> {
    for (let from = 0; from < names.length; ) {
      const batch = upToFolder(names.slice(from, from + LOOKS_AT_ONCE));
      from += batch.length;
      yield* await Promise.all(
        batch.map(async ({ name }) => {
          const child = this.childOf(path, at, name);
          return { child, look: this.here(await seeEntry(child.at)) };
        }),
      );
    }
  }

  private childOf(folder: string, at: Buffer, bytes: Buffer): Child {
    const { pathBytesMax } = this.limits;
    const name = bytes.toString("latin1");
    const path = joinPath(folder, name);
    if (path.length > pathBytesMax) throw new DirectoryBeyondLimits({ path, what: "bytes of path", found: path.length, max: pathBytesMax });
    return { name, path, at: below(at, bytes) };
  }

  /** Returns once there is room for one visit more and it has begun; the visit itself goes on beside the walk. */
  private async besides(child: Child, look: SeenFile, keep: (kept: Entry<C> | Skipped) => void): Promise<{ visit: Promise<void> }> {
    const claim = this.links.claim(look);
    await this.slots.take();
    const visit = async (): Promise<void> => {
      try {
        if (this.failure === null) keep(await keepFile(child, look, claim, this.visit));
      } catch (cause) {
        this.failure ??= { cause };
      } finally {
        claim.settle(null);
        this.slots.give();
      }
    };
    return { visit: visit() };
  }

  private async withoutBytes(child: Child, look: SeenFolder | SeenSymlink | NotSeen): Promise<Entry<C> | Skipped> {
    if (look.kind === "skipped") return skippedAt(child.path, look);
    if (look.kind === "symlink") return await keepSymlink(child, look);
    const walked = await this.folder(child.path, child.at, look);
    if (walked.kind === "skipped") return skippedAt(child.path, walked);
    return { kind: "folder", name: child.name, ...walked.attributes, content: walked.content };
  }

  /** On its own file system unless told otherwise. */
  private here(look: Seen): Seen {
    if (look.kind === "skipped" || this.options.crossFileSystems === true) return look;
    const device = look.kind === "file" ? look.stamp.device : look.device;
    return device === this.device ? look : otherFileSystem(device, this.device);
  }

  private count(kept: Entry<C> | Skipped): Entry<C> | null {
    if ("reason" in kept) {
      const { skippedMax } = this.limits;
      if (this.skipped.push(kept) > skippedMax) {
        throw new DirectoryBeyondLimits({ path: "", what: "entries that would be skipped, or more,", found: skippedMax + 1, max: skippedMax });
      }
      return null;
    }
    this.counts[COUNTED[kept.kind]] += 1;
    if (kept.kind === "file") this.counts.bytes += kept.lengthBytes;
    return kept;
  }

  private goOn(): void {
    this.options.signal?.throwIfAborted();
    if (this.failure !== null) throw this.failure.cause;
  }
}

const COUNTED = { file: "files", folder: "folders", symlink: "symlinks", hardlink: "hardlinks" } as const;

function skippedAt(path: string, { reason, detail }: NotSeen): Skipped {
  return { path, reason, detail };
}

function upToFolder(names: readonly FolderName[]): readonly FolderName[] {
  const folder = names.findIndex(({ isFolder }) => isFolder);
  return folder === -1 ? names : names.slice(0, folder + 1);
}
