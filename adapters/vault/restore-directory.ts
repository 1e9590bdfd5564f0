/**
 * Restores a backup into a folder: the tree is walked from its root, files are made with their lengths, and each pack is fetched
 * once for all the files at hand that need it, its blocks opened, its chunks checked against their ids and written where they
 * belong. The folder takes its name only when everything in it is whole and the tree is the one that the manifest signs for.
 */
import type { Attributes, FileEntry } from "../../core/backup/directory/entry.ts";
import type { Content } from "../../core/backup/directory/listing-format.ts";
import { dataStretches } from "../../core/backup/directory/stretches.ts";
import type { Keyring } from "../../core/backup/vault/keyring.ts";
import type { Manifest } from "../../core/backup/vault/manifest.ts";
import { PACK_BYTES_MAX } from "../../core/backup/vault/sizes.ts";
import type { VaultStore } from "../../core/kernel/ports.ts";
import { openRestore } from "../directory/restore.ts";
import type { RestoringFile } from "../directory/restore-file.ts";
import { loadCatalogue } from "./catalogue.ts";
import { inLanes } from "./in-lanes.ts";
import type { Labour } from "./labour.ts";
import { Memory } from "./memory.ts";
import { RestorePlan } from "./restore-plan.ts";
import { StreamReader } from "./stream-reader.ts";
import { readTree } from "./tree-reader.ts";
import { openFromPack } from "./vault-reader.ts";

export type RestoreGiven = {
  /** The nearest first. */
  readonly stores: readonly VaultStore[];
  readonly keyring: Keyring;
  readonly labour: Labour;
  readonly signal?: AbortSignal;
  /** Told of every file that is whole and durable. */
  readonly onFile?: (done: { path: string; lengthBytes: number }) => void;
};
export type Restored = { readonly files: number; readonly bytes: number; readonly fetchedPacks: number };

/** Files open at once: a process may have 1,024 by default. */
const FILES_AT_ONCE = 512;
const CLOSES_AT_ONCE = 16;
/** Pieces planned at once; each takes some hundred bytes. */
const PIECES_AT_ONCE = 200_000;

/** Throws a fault of the vault or of the target by its name; the target is then as it was. */
export async function restoreDirectory(given: RestoreGiven, manifest: Manifest, target: string): Promise<Restored> {
  const { stores, keyring } = given;
  const catalogue = await loadCatalogue(stores, keyring, manifest.indexes);
  const restore = await openRestore(target, { discardUnfinished: false });
  const batch = new Batch({ ...given, catalogue, memory: new Memory(PACK_BYTES_MAX, given.labour.width + 1), comparesDigests: false });
  try {
    await readTree(new StreamReader({ stores, keyring, catalogue }), catalogue.table, manifest, async (path, entries, chunks) => {
      const { files } = await restore.addFolder(path, entries);
      for (const { entry, open } of files) await batch.add(await open(), entry, chunks.get(entry.name) ?? []);
    });
    await batch.write();
    await restore.finish(attributesOf(manifest));
  } catch (fault) {
    await batch.close();
    await restore.abandon();
    throw fault;
  }
  return batch.done;
}

type BatchGiven = Parameters<typeof openFromPack>[0] & Pick<RestoreGiven, "onFile">;

/** Files that are open together, so that a pack which several of them need is fetched once. */
class Batch {
  readonly done = { files: 0, bytes: 0, fetchedPacks: 0 };
  private readonly given: BatchGiven;
  private files: RestoringFile<Content>[] = [];
  private plan: RestorePlan;

  constructor(given: BatchGiven) {
    this.given = given;
    this.plan = new RestorePlan(given.catalogue.table);
  }

  async add(file: RestoringFile<Content>, entry: FileEntry<Content>, chunks: readonly Uint8Array[]): Promise<void> {
    this.files.push(file);
    this.plan.add(file.fd, dataStretches(entry.lengthBytes, entry.holes), chunks, file.path);
    if (this.files.length >= FILES_AT_ONCE || this.plan.pieces >= PIECES_AT_ONCE) await this.write();
  }

  async write(): Promise<void> {
    const packs = this.plan.packs();
    // Threads write by the files' numbers: none may be closed, and its number given away, while one still writes.
    await inLanes(packs, this.given.labour.width + 1, async ({ pack, blocks }) => {
      await openFromPack(this.given, pack, blocks);
    });
    this.done.fetchedPacks += packs.length;
    this.plan = new RestorePlan(this.given.catalogue.table);
    // Each close waits for the disk: several at once let it work.
    await inLanes(this.files.splice(0), CLOSES_AT_ONCE, async (file) => {
      await file.close();
      this.done.files += 1;
      this.done.bytes += file.entry.lengthBytes;
      this.given.onFile?.({ path: file.path, lengthBytes: file.entry.lengthBytes });
    });
  }

  /** After a fault: what is open is given up, not kept. */
  async close(): Promise<void> {
    await Promise.allSettled(this.files.splice(0).map((file) => file.abandon()));
  }
}

function attributesOf({ rootAttributes }: Manifest): Attributes {
  return { ...rootAttributes, mtimeNs: BigInt(rootAttributes.mtimeNs) };
}
