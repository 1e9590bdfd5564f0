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
import { Slots } from "../directory/slots.ts";
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
/** Each waits for the disk, on one of Node's four threads for files; another is left for the packs. */
const CLOSES_AT_ONCE = 3;
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
  /** By their numbers. */
  private readonly files = new Map<number, RestoringFile<Content>>();
  private plan: RestorePlan;

  constructor(given: BatchGiven) {
    this.given = given;
    this.plan = new RestorePlan(given.catalogue.table);
  }

  async add(file: RestoringFile<Content>, entry: FileEntry<Content>, chunks: readonly Uint8Array[]): Promise<void> {
    this.files.set(file.fd, file);
    this.plan.add(file.fd, dataStretches(entry.lengthBytes, entry.holes), chunks, file.path);
    if (this.files.size >= FILES_AT_ONCE || this.plan.pieces >= PIECES_AT_ONCE) await this.write();
  }

  /** A file is closed once it is whole, and goes to the disk while packs of others are opened. */
  async write(): Promise<void> {
    const { plan } = this;
    const closes = new Closes((fd) => this.finish(fd));
    for (const fd of this.files.keys()) if (!plan.awaits(fd)) closes.begin(fd);
    const packs = plan.packs();
    try {
      await inLanes(packs, this.given.labour.width + 1, async ({ number, pack, blocks }) => {
        closes.refuseAfterFailure();
        await openFromPack(this.given, pack, blocks);
        // Threads write by the files' numbers: none may be closed, and its number given away, while one still writes.
        for (const fd of plan.done(number)) closes.begin(fd);
      });
    } finally {
      await closes.settle();
    }
    closes.refuseAfterFailure();
    this.done.fetchedPacks += packs.length;
    this.plan = new RestorePlan(this.given.catalogue.table);
  }

  /** After a fault: what is open is given up, not kept. */
  async close(): Promise<void> {
    const files = [...this.files.values()];
    this.files.clear();
    await Promise.allSettled(files.map((file) => file.abandon()));
  }

  private async finish(fd: number): Promise<void> {
    const file = this.files.get(fd);
    if (file === undefined) throw new RangeError(`file ${fd} is closed twice`);
    // Its number may be another file's as soon as it is closed, and never before.
    this.files.delete(fd);
    await file.close();
    this.done.files += 1;
    this.done.bytes += file.entry.lengthBytes;
    this.given.onFile?.({ path: file.path, lengthBytes: file.entry.lengthBytes });
  }
}

/** What is closed beside the opening of packs, a few at once; after a failure none is begun. */
class Closes {
  private readonly close: (fd: number) => Promise<void>;
  private readonly slots = new Slots(CLOSES_AT_ONCE);
  private readonly underWay: Promise<void>[] = [];
  private failure: { readonly error: unknown } | null = null;

  constructor(close: (fd: number) => Promise<void>) {
    this.close = close;
  }

  begin(fd: number): void {
    this.underWay.push(this.inTurn(fd));
  }

  /** Nobody is left under way afterwards, whatever has failed. */
  async settle(): Promise<void> {
    await Promise.all(this.underWay);
  }

  refuseAfterFailure(): void {
    if (this.failure !== null) throw this.failure.error;
  }

  private async inTurn(fd: number): Promise<void> {
    await this.slots.take();
    try {
      if (this.failure === null) await this.close(fd);
    } catch (error) {
      this.failure ??= { error };
    } finally {
      this.slots.give();
    }
  }
}

function attributesOf({ rootAttributes }: Manifest): Attributes {
  return { ...rootAttributes, mtimeNs: BigInt(rootAttributes.mtimeNs) };
}
