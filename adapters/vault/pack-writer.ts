/**
 * Fills packs: gathers chunks into blocks, has blocks sealed, and stores each pack that is full. What is under way is bounded by
 * buffers that are lent and given back: whoever brings a chunk waits while enough blocks are being sealed, and sealing waits
 * while enough packs are being stored.
 */
import type { Keyring } from "../../core/backup/vault/keyring.ts";
import { packKey } from "../../core/backup/vault/manifest.ts";
import type { IndexedPack } from "../../core/backup/vault/pack-index.ts";
import type { StoredChunk } from "../../core/backup/vault/pack-table.ts";
import { TAG_BYTES } from "../../core/backup/vault/sealing.ts";
import { BLOCK_BYTES, BLOCK_BYTES_MAX, PACK_BYTES_MAX } from "../../core/backup/vault/sizes.ts";
import type { Entropy, VaultStore } from "../../core/kernel/ports.ts";
import type { Labour } from "./labour.ts";
import { Memory } from "./memory.ts";
import { PackBuffer } from "./pack-buffer.ts";

/** One that fills while the one before is being stored. */
const PACKS_IN_MEMORY = 2;

export type PackWriterGiven = {
  readonly store: VaultStore;
  readonly keyring: Keyring;
  readonly writer: string;
  readonly labour: Labour;
  readonly entropy: Entropy;
  /** Called when a pack is safely stored. */
  readonly stored: (pack: IndexedPack) => Promise<void>;
};

type OpenBlock = { readonly buffer: Uint8Array; filled: number; readonly chunks: StoredChunk[] };

/** A stream's own gathering place, so that what stands together in a file stands together in a block. */
export class Gathering {
  open: OpenBlock | null = null;
  /** Begins with a block of its own, so that what it gathers is read without anything else. */
  readonly alone: boolean;

  constructor(alone: boolean) {
    this.alone = alone;
  }
}

export class PackWriter {
  private readonly given: PackWriterGiven;
  private readonly blocks: Memory;
  private readonly packs = new Memory(PACK_BYTES_MAX, PACKS_IN_MEMORY);
  private readonly leftOver: OpenBlock[] = [];
  private current: Promise<PackBuffer> | null = null;
  private readonly underWay = new Set<Promise<void>>();
  private failure: { readonly error: unknown } | null = null;

  constructor(given: PackWriterGiven) {
    this.given = given;
    /** Two for each hand, so that none waits for the next, and one for each stream that is being gathered. */
    this.blocks = new Memory(BLOCK_BYTES_MAX + TAG_BYTES, 3 * given.labour.width + 2);
  }

  /** Copies the chunk; resolves when there is room for the next. Throws what storing an earlier one has thrown. */
  async add(gathering: Gathering, id: Uint8Array, content: Uint8Array): Promise<void> {
    this.refuseAfterFailure();
    gathering.open ??= (gathering.alone ? undefined : this.leftOver.pop()) ?? { buffer: await this.blocks.borrow(), filled: 0, chunks: [] };
    const block = gathering.open;
    block.buffer.set(content, block.filled);
    block.filled += content.length;
    block.chunks.push({ id, lengthBytes: content.length });
    if (block.filled < BLOCK_BYTES) return;
    gathering.open = null;
    this.start(this.seal(block));
  }

  /** The stream has ended: the next one goes on with its block. */
  release(gathering: Gathering): void {
    if (gathering.open !== null) this.leftOver.push(gathering.open);
    gathering.open = null;
  }

  /** Seals what is left and waits until everything is stored. */
  async finish(): Promise<void> {
    for (const block of this.leftOver.splice(0)) this.start(this.seal(block));
    await this.settle();
    const last = await this.current;
    if (last !== null) {
      last.close();
      this.current = null;
      this.start(this.storeIfWhole(last));
    }
    await this.settle();
  }

  private async settle(): Promise<void> {
    while (this.underWay.size > 0) await Promise.all(this.underWay);
    this.refuseAfterFailure();
  }

  private start(work: Promise<void>): void {
    const watched = work.catch((error: unknown) => {
      this.failure ??= { error };
      // Their buffers do not come back: nobody may wait for them.
      this.blocks.abandon(error);
      this.packs.abandon(error);
    });
    this.underWay.add(watched);
    void watched.then(() => this.underWay.delete(watched));
  }

  private async seal({ buffer, filled, chunks }: OpenBlock): Promise<void> {
    const { pack, number } = await this.nextPlace(filled);
    const { key, encodedHeader: header } = pack;
    const sealed = await this.given.labour.run({ kind: "seal", block: buffer, lengthBytes: filled, key, header, number });
    const stored = { ...sealed, chunks };
    pack.place(number, { stored, bytes: buffer.subarray(0, sealed.sealedBytes), release: () => this.blocks.giveBack(buffer) });
    await this.storeIfWhole(pack);
  }

  /** Blocks ask one after the other, so that a pack is opened once. */
  private async nextPlace(plainBytes: number): Promise<{ pack: PackBuffer; number: number }> {
    for (;;) {
      this.current ??= this.packs.borrow().then((buffer) => new PackBuffer(buffer, this.given.keyring, this.given.entropy));
      const opening = this.current;
      const pack = await opening;
      if (!pack.full) return { pack, number: pack.number(plainBytes) };
      if (this.current === opening) this.current = null;
    }
  }

  private async storeIfWhole(pack: PackBuffer): Promise<void> {
    if (!pack.whole) return;
    const { store, writer, labour, stored } = this.given;
    const { bytes, pack: indexed } = pack.finish();
    const name = await labour.run({ kind: "name", bytes });
    // "exists" is as good: the name is the digest of the bytes.
    await store.put(packKey(writer, name), bytes);
    this.packs.giveBack(pack.memory);
    await stored({ name, ...indexed });
  }

  private refuseAfterFailure(): void {
    if (this.failure !== null) throw this.failure.error;
  }
}
