/**
 * What a walk asks of its visitor and answers to its caller. The visitor keeps the bytes; the walk decides what is visited,
 * in which order, and what the listing of a folder says.
 */
import type { Attributes, Entry, Hole, Skipped } from "../../core/backup/directory/entry.ts";
import { PATH_BYTES_MAX } from "../../core/backup/directory/entry.ts";
import type { OpenFile } from "./open-seen.ts";
import type { SeenFile } from "./see-entry.ts";

/** `seen` is the file whose bytes were kept, as it was before and after they were read; for a reused one, as it was given. */
export type Visited<C> =
  | { readonly kind: "kept"; readonly content: C; readonly seen: SeenFile; readonly holes: readonly Hole[] }
  | { readonly kind: "skipped"; readonly skipped: Skipped };

/** Paths are from the root, in latin1; the root's own is "". */
export type Visitor<C> = {
  /** Called for up to `width` files at once. `open` may be called again and again; whoever opens closes. */
  file(path: string, seen: SeenFile, open: OpenFile): Promise<Visited<C>>;
  /** Called once all that is below has been visited, with the entries in bytewise order of their names. */
  folder(path: string, entries: readonly Entry<C>[]): Promise<C>;
};

export type WalkOptions = {
  readonly width: number;
  readonly crossFileSystems?: boolean;
  readonly limits?: Partial<WalkLimits>;
  readonly signal?: AbortSignal;
};

export type WalkLimits = {
  readonly depthMax: number;
  readonly entriesPerFolderMax: number;
  readonly pathBytesMax: number;
  readonly skippedMax: number;
};

/**
 * A node's data is a few folders deep; one file handle is held for each level, of the 1024 that a process has by default. The
 * listing of a million entries takes some hundred megabytes, and a database's tables are tens of thousands. Whoever has a
 * hundred thousand entries skipped reads another directory than they think.
 */
export const WALK_LIMITS: WalkLimits = { depthMax: 128, entriesPerFolderMax: 1_000_000, pathBytesMax: PATH_BYTES_MAX, skippedMax: 100_000 };

export type WalkCounts = {
  readonly files: number;
  readonly folders: number;
  readonly symlinks: number;
  readonly hardlinks: number;
  /** The lengths of the files that were kept, with their holes. */
  readonly bytes: number;
};

export type Walked<C> = {
  readonly root: C;
  /** The root's own; no listing holds them. */
  readonly attributes: Attributes;
  readonly skipped: readonly Skipped[];
  readonly counts: WalkCounts;
};
