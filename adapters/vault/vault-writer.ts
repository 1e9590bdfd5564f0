/**
 * One run that writes into a vault: streams in, references out. What the vault has already, and this writer may trust, is not
 * stored again; what is new goes into packs; indexes follow their packs as the run goes on, so that a run that dies leaves
 * most of its work to the next. Nothing here is a backup until a manifest names it.
 */
import type { ChunkTable } from "../../core/backup/vault/chunk-table.ts";
import { IdSet } from "../../core/backup/vault/id-set.ts";
import { indexKey } from "../../core/backup/vault/manifest.ts";
import { encodeIndex, fitsIndex, type IndexedPack } from "../../core/backup/vault/pack-index.ts";
import { SALT_BYTES } from "../../core/backup/vault/sealing.ts";
import type { ReadNext } from "../directory/file-bytes.ts";
import { Gathering } from "./gathering.ts";
import { Memory } from "./memory.ts";
import { PackWriter, type PackWriterGiven } from "./pack-writer.ts";
import { readFrom, type StoredStream, type TakeChunks, WINDOW_BYTES, writeStream } from "./stream-writer.ts";

/** A crash loses what lies in 256 MiB of packs at most. */
const PACKS_PER_INDEX = 16;
/** Streams read at once beyond one for each hand, so that reading one overlaps with cutting another. */
const EXTRA_STREAMS = 1;

export type VaultWriterGiven = Omit<PackWriterGiven, "stored"> & {
  /** What is stored already and may be referred to. */
  readonly known: ChunkTable;
};
/** What a manifest says of a pack; its chunks are in an index by then, and no longer held. */
export type WrittenPack = Pick<IndexedPack, "name" | "sizeBytes">;
export type WrittenIndex = { readonly name: string; readonly sizeBytes: number };
export type Written = {
  readonly packs: readonly WrittenPack[];
  readonly indexes: readonly WrittenIndex[];
  readonly newChunks: number;
  readonly storedBytes: number;
};

export class VaultWriter {
  /** How many streams may be written at once. */
  readonly width: number;
  private readonly given: VaultWriterGiven;
  private readonly windows: Memory;
  private readonly packWriter: PackWriter;
  private readonly tree = new Gathering(true);
  private treeTurn: Promise<void> = Promise.resolve();
  /** What is gathered for the tree is copied at once. */
  private readonly forTree: TakeChunks = { chunk: (id, content) => this.takeForTree(id, content), settle: async () => {} };
  private readonly fresh = new IdSet();
  /** Packs of earlier runs that this one refers to, by their number in the table. */
  private readonly reused = new Set<number>();
  private readonly packs: WrittenPack[] = [];
  private readonly indexes: WrittenIndex[] = [];
  private unindexed: IndexedPack[] = [];
  private storedBytes = 0;

  constructor(given: VaultWriterGiven) {
    this.given = given;
    this.width = given.labour.width + EXTRA_STREAMS;
    /** One more for listings, which are written while files wait for their turn. */
    this.windows = new Memory(WINDOW_BYTES, this.width + 1);
    this.packWriter = new PackWriter({ ...given, stored: (pack) => this.packStored(pack) });
  }

  /** The bytes of a file. */
  async write(readNext: ReadNext): Promise<StoredStream> {
    const gathering = new Gathering(false);
    try {
      return await this.writeStream(readNext, {
        chunk: (id, content) => this.take(gathering, id, content),
        settle: () => this.packWriter.settle(gathering),
      });
    } finally {
      this.packWriter.release(gathering);
    }
  }

  /** A listing: kept together with the others and with lists of chunks, so that a tree is read without touching the data. */
  async writeListing(bytes: Uint8Array): Promise<StoredStream> {
    return await this.writeStream(readFrom(bytes), this.forTree);
  }

  private async writeStream(readNext: ReadNext, take: TakeChunks): Promise<StoredStream> {
    const { labour } = this.given;
    return await writeStream(readNext, take, this.forTree, { labour, windows: this.windows });
  }

  /** One after the other: many streams share this gathering. */
  private async takeForTree(id: Uint8Array, content: Uint8Array): Promise<void> {
    const before = this.treeTurn;
    const own = before.then(() => this.take(this.tree, id, content));
    // What fails here fails for whoever brought the chunk, who waits below; the next one has its own turn.
    this.treeTurn = own.catch(() => {});
    await own;
  }

  /** A chunk that a reused stream refers to: its pack belongs to this backup too. False where the table does not know it. */
  reuse(id: Uint8Array): boolean {
    const place = this.given.known.find(id);
    if (place !== null) this.reused.add(place.pack);
    return place !== null;
  }

  /** Numbers in the table of the packs that were referred to. */
  get reusedPacks(): ReadonlySet<number> {
    return this.reused;
  }

  async finish(): Promise<Written> {
    this.packWriter.release(this.tree);
    await this.packWriter.finish();
    await this.writeIndex();
    return { packs: this.packs, indexes: this.indexes, newChunks: this.fresh.size, storedBytes: this.storedBytes };
  }

  private async take(gathering: Gathering, id: Uint8Array, content: Uint8Array): Promise<void> {
    if (this.reuse(id) || !this.fresh.add(id)) return;
    await this.packWriter.add(gathering, id, content);
  }

  private async packStored(pack: IndexedPack): Promise<void> {
    if (!fitsIndex(this.unindexed, pack)) await this.writeIndex();
    this.packs.push({ name: pack.name, sizeBytes: pack.sizeBytes });
    this.unindexed.push(pack);
    this.storedBytes += pack.sizeBytes;
    if (this.unindexed.length >= PACKS_PER_INDEX) await this.writeIndex();
  }

  private async writeIndex(): Promise<void> {
    const packs = this.unindexed;
    if (packs.length === 0) return;
    this.unindexed = [];
    const { store, keyring, writer, entropy } = this.given;
    const header = { vault: keyring.vault, epoch: keyring.epoch, salt: entropy.bytes(SALT_BYTES) };
    const { name, bytes } = encodeIndex(header, keyring.keyOf("index", header, "a new index"), packs);
    await store.put(indexKey(writer, name), bytes);
    this.storedBytes += bytes.length;
    this.indexes.push({ name, sizeBytes: bytes.length });
  }
}
