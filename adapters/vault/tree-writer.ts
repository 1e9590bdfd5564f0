/**
 * Visits a directory for a backup: a file that could not have changed is referred to as before, any other is read steadily and
 * written; a folder becomes a listing. Each content carries the Merkle root over all ids below it, so the root's says it all.
 */
import { decideReread } from "../../core/backup/directory/changed.ts";
import type { Entry } from "../../core/backup/directory/entry.ts";
import { type Content, encodeListing } from "../../core/backup/directory/listing-format.ts";
import { VaultFault } from "../../core/backup/vault/faults.ts";
import { MerkleRoot } from "../../core/backup/vault/merkle.ts";
import type { Clock } from "../../core/kernel/ports.ts";
import { readSteadily } from "../directory/read-steadily.ts";
import type { SeenFile } from "../directory/see-entry.ts";
import type { Visited, Visitor } from "../directory/walk-options.ts";
import type { PreviousTree } from "./previous-tree.ts";
import type { VaultWriter } from "./vault-writer.ts";

export type TreeWriterGiven = {
  readonly writer: VaultWriter;
  /** Null for a first backup. */
  readonly previous: PreviousTree | null;
  readonly fullReread: boolean;
  readonly clock: Clock;
  readonly signal?: AbortSignal;
  /** Told of every file as it is done. */
  readonly onFile?: (done: { path: string; lengthBytes: number; read: boolean }) => void;
};

/** The first ones say what a person needs to know. */
const FAULTS_KEPT = 20;

export class TreeWriter implements Visitor<Content> {
  readBytes = 0;
  chunks = 0;
  /** What was wrong with the backup before. */
  readonly faults: Error[] = [];
  private readonly given: TreeWriterGiven;

  constructor(given: TreeWriterGiven) {
    this.given = given;
  }

  async file(path: string, seen: SeenFile, open: Parameters<Visitor<Content>["file"]>[2]): Promise<Visited<Content>> {
    const { writer, clock, signal, onFile } = this.given;
    const reused = await this.reuse(path, seen).catch((fault: unknown) => this.readInstead(fault));
    if (reused !== null) {
      onFile?.({ path, lengthBytes: seen.stamp.sizeBytes, read: false });
      return reused;
    }
    const options = { clock, ...(signal === undefined ? {} : { signal }) };
    const read = await readSteadily({ path, open }, (readNext) => writer.write(readNext), options);
    if (read.kind === "skipped") return read;
    const { reference, root, chunks } = read.content;
    this.readBytes += reference.lengthBytes;
    this.chunks += chunks;
    onFile?.({ path, lengthBytes: read.seen.stamp.sizeBytes, read: true });
    return { ...read, content: { reference, root } };
  }

  async folder(_path: string, entries: readonly Entry<Content>[]): Promise<Content> {
    const { reference, root, chunks } = await this.given.writer.writeListing(encodeListing(entries));
    this.chunks += chunks;
    return { reference, root: rootBelow(entries, root) };
  }

  /** A damaged earlier backup costs a read, not the next backup. */
  private readInstead(fault: unknown): null {
    if (!(fault instanceof VaultFault)) throw fault;
    if (this.faults.length < FAULTS_KEPT) this.faults.push(fault);
    return null;
  }

  /** Only where every chunk that it refers to is still known to be stored. */
  private async reuse(path: string, seen: SeenFile): Promise<Extract<Visited<Content>, { kind: "kept" }> | null> {
    const { previous, fullReread, writer } = this.given;
    if (previous === null) return null;
    const before = await previous.file(path);
    if (before === null) return null;
    const previousStartedAtNs = BigInt(Math.floor(previous.startedAtMs)) * 1_000_000n;
    if (decideReread({ before: before.stamp, now: seen.stamp, fullReread, previousStartedAtNs }).kind === "read") return null;
    const ids = await previous.chunkIds(before);
    if (!ids.map((id) => writer.reuse(id)).every(Boolean)) return null;
    this.chunks += ids.length;
    return { kind: "kept", content: before.content, seen, holes: before.holes };
  }
}

/** Over the roots of what an entry's content holds, in the order of names, and the listing's own. */
export function rootBelow(entries: readonly Entry<Content>[], listing: Uint8Array): Buffer {
  const merkle = new MerkleRoot();
  for (const entry of entries) if (entry.kind === "file" || entry.kind === "folder") merkle.add(entry.content.root);
  merkle.add(listing);
  return merkle.root();
}
