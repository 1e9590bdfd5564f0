/**
 * Walks a stored tree from its root, as a restore meets it, and holds it against its manifest: every listing opens, every id is
 * in an index, and the Merkle root over all of them is the signed one.
 */
import { decodeListing, type ListedEntry } from "../../core/backup/directory/listing-format.ts";
import { joinPath } from "../../core/backup/directory/paths.ts";
import type { ChunkTable } from "../../core/backup/vault/chunk-table.ts";
import { ObjectCorrupt, ObjectMissing } from "../../core/backup/vault/faults.ts";
import { type Manifest, referenceOf } from "../../core/backup/vault/manifest.ts";
import { MerkleRoot } from "../../core/backup/vault/merkle.ts";
import type { StreamReference } from "../../core/backup/vault/stream-reference.ts";
import type { StreamReader } from "./stream-reader.ts";
import { rootBelow } from "./tree-writer.ts";

/** Called for each folder before what is below it. `chunks` are the ids of each file's own chunks, in order. */
export type OnFolder = (path: string, entries: readonly ListedEntry[], chunks: ReadonlyMap<string, readonly Uint8Array[]>) => Promise<void>;
/** A listing deeper than this was written by nobody. */
const DEPTH_MAX = 256;

/** Throws a fault by its name where the tree is not the one that the manifest signs for. */
export async function readTree(reader: StreamReader, table: ChunkTable, manifest: Manifest, onFolder: OnFolder): Promise<void> {
  const walk = new TreeWalk(reader, table, onFolder);
  const root = await walk.folder("", referenceOf(manifest.root), 0);
  const found = root.toString("hex");
  if (found === manifest.merkleRoot) return;
  throw new ObjectCorrupt({
    object: `backup ${manifest.sequence} of ${manifest.source}`,
    reason: `its tree has the Merkle root ${found}, its manifest says ${manifest.merkleRoot}`,
  });
}

class TreeWalk {
  private readonly reader: StreamReader;
  private readonly table: ChunkTable;
  private readonly onFolder: OnFolder;

  constructor(reader: StreamReader, table: ChunkTable, onFolder: OnFolder) {
    this.reader = reader;
    this.table = table;
    this.onFolder = onFolder;
  }

  async folder(path: string, reference: StreamReference, depth: number): Promise<Buffer> {
    const object = `the listing of ${path === "" ? "the root" : path}`;
    if (depth > DEPTH_MAX) throw new ObjectCorrupt({ object, reason: `it lies ${depth} folders deep` });
    const { own, root: listing } = await this.stream(reference, object);
    const entries = decodeListing(await this.reader.content(own, reference), object);
    const chunks = new Map<string, readonly Uint8Array[]>();
    for (const entry of entries) if (entry.kind === "file") chunks.set(entry.name, await this.file(path, entry));
    await this.onFolder(path, entries, chunks);
    for (const entry of entries) {
      if (entry.kind !== "folder") continue;
      const found = await this.folder(joinPath(path, entry.name), entry.content.reference, depth + 1);
      refuseOther(joinPath(path, entry.name), found, entry.content.root);
    }
    return rootBelow(entries, listing);
  }

  private async file(folder: string, entry: Extract<ListedEntry, { kind: "file" }>): Promise<readonly Uint8Array[]> {
    const path = joinPath(folder, entry.name);
    const { own, root } = await this.stream(entry.content.reference, path);
    refuseOther(path, root, entry.content.root);
    return own;
  }

  private async stream(reference: StreamReference, object: string): Promise<{ own: readonly Uint8Array[]; root: Buffer }> {
    const levels = await this.reader.levels(reference);
    const merkle = new MerkleRoot();
    for (const id of levels.flat()) {
      if (this.table.find(id) === null) {
        throw new ObjectMissing({ object: `chunk ${Buffer.from(id).toString("hex")} of ${object}`, reason: "none of the backup's indexes names it" });
      }
      merkle.add(id);
    }
    return { own: levels[0] ?? [], root: merkle.root() };
  }
}

function refuseOther(path: string, found: Uint8Array, expected: Uint8Array): void {
  if (Buffer.from(expected).equals(found)) return;
  throw new ObjectCorrupt({ object: path, reason: "the Merkle root over its chunks is not the listed one" });
}
