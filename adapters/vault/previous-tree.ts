/**
 * The tree of the backup before, looked up by path while the next one is made: which stamp a file had then, and to which chunks
 * it refers. Listings are read when their folder is met, and only the ones in use are held.
 */
import type { FileEntry } from "../../core/backup/directory/entry.ts";
import { type Content, decodeListing, type ListedEntry } from "../../core/backup/directory/listing-format.ts";
import { type Manifest, referenceOf } from "../../core/backup/vault/manifest.ts";
import type { StreamReference } from "../../core/backup/vault/stream-reference.ts";
import type { StreamReader } from "./stream-reader.ts";

type Names = ReadonlyMap<string, ListedEntry>;
/** A walk goes down one branch at a time; a few levels more than that are kept. */
const FOLDERS_KEPT = 64;

export class PreviousTree {
  /** When the reading of it began, by the wall clock. */
  readonly startedAtMs: number;
  private readonly reader: StreamReader;
  private readonly root: StreamReference;
  private readonly folders = new Map<string, Promise<Names>>();

  constructor(reader: StreamReader, { root, startedAtMs }: Manifest) {
    this.reader = reader;
    this.root = referenceOf(root);
    this.startedAtMs = startedAtMs;
  }

  /** By its path from the root; null where the backup has no file there. */
  async file(path: string): Promise<FileEntry<Content> | null> {
    const { folder, name } = split(path);
    const entry = (await this.names(folder)).get(name);
    return entry?.kind === "file" ? entry : null;
  }

  /** Of every chunk that a file's content needs, those of its lists too. */
  async chunkIds({ content }: FileEntry<Content>): Promise<Uint8Array[]> {
    return (await this.reader.levels(content.reference)).flat();
  }

  private names(path: string): Promise<Names> {
    const known = this.folders.get(path);
    if (known !== undefined) return known;
    const reading = this.read(path);
    this.folders.set(path, reading);
    const [oldest] = this.folders.keys();
    if (this.folders.size > FOLDERS_KEPT && oldest !== undefined) this.folders.delete(oldest);
    return reading;
  }

  private async read(path: string): Promise<Names> {
    const reference = path === "" ? this.root : await this.folderReference(path);
    if (reference === null) return new Map();
    const listing = decodeListing(await this.reader.read(reference), "the listing of a folder of the previous backup");
    return new Map(listing.map((entry) => [entry.name, entry]));
  }

  private async folderReference(path: string): Promise<StreamReference | null> {
    const { folder, name } = split(path);
    const entry = (await this.names(folder)).get(name);
    return entry?.kind === "folder" ? entry.content.reference : null;
  }
}

function split(path: string): { folder: string; name: string } {
  const slash = path.lastIndexOf("/");
  return { folder: path.slice(0, Math.max(0, slash)), name: path.slice(slash + 1) };
}
