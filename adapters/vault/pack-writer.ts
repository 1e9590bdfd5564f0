/**
 * Fills packs: gathers chunks into blocks, has blocks sealed, closes a pack when it is full and stores it. What is under way is
 * bounded: whoever brings a chunk waits while enough blocks are being sealed and enough packs are being stored.
 */

import type { IndexedPack } from "../../core/backup/vault/index.ts";
import type { Keyring } from "../../core/backup/vault/keyring.ts";
import { packKey } from "../../core/backup/vault/manifest.ts";
import { encodeHeader, type ObjectHeader } from "../../core/backup/vault/object-header.ts";
import { finishPack } from "../../core/backup/vault/pack.ts";
import type { StoredBlock, StoredChunk } from "../../core/backup/vault/pack-table.ts";
import { SALT_BYTES } from "../../core/backup/vault/sealing.ts";
import { BLOCK_BYTES, BLOCK_BYTES_MAX, BLOCKS_PER_PACK_MAX, PACK_BYTES } from "../../core/backup/vault/sizes.ts";
import type { Entropy, VaultStore } from "../../core/kernel/ports.ts";
import type { Labour } from "./labour.ts";
import { Memory } from "./memory.ts";

/** Packs being stored at once; each is held in memory until it is. */
const STORING_MAX = 2;

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
type OpenPack = {
  readonly header: ObjectHeader;
  readonly encoded: Buffer;
  readonly key: Buffer;
  readonly blocks: { stored: StoredBlock; sealed: Uint8Array }[];
  sealing: number;
  taken: number;
  sizeBytes: number;
  closed: boolean;
};

/** A stream's own gathering place, so that what stands together in a file stands together in a block. */
export class Gathering {
  open: OpenBlock | null = null;
}

export class PackWriter {
  private readonly given: PackWriterGiven;
  private readonly buffers: Memory;
  private readonly leftOver: OpenBlock[] = [];
  private pack: OpenPack | null = null;
  private readonly underWay = new Set<Promise<void>>();
  private storing = 0;
  private readonly roomToStore: (() => void)[] = [];
  private failure: { readonly error: unknown } | null = null;

  constructor(given: PackWriterGiven) {
    this.given = given;
    /** Twice as many blocks as there are hands, so that none waits for the next, and one that each stream is filling. */
    this.buffers = new Memory(BLOCK_BYTES_MAX, 2 * given.labour.width + 6);
  }

  /** Copies the chunk; resolves when there is room for the next. Throws what storing an earlier one has thrown. */
  async add(gathering: Gathering, id: Uint8Array, content: Uint8Array): Promise<void> {
    this.refuseAfterFailure();
    gathering.open ??= this.leftOver.pop() ?? { buffer: await this.buffers.borrow(), filled: 0, chunks: [] };
    const block = gathering.open;
    block.buffer.set(content, block.filled);
    block.filled += content.length;
    block.chunks.push({ id, lengthBytes: content.length });
    if (block.filled < BLOCK_BYTES) return;
    gathering.open = null;
    this.startSealing(block);
  }

  /** The stream has ended: the next one goes on with its block. */
  release(gathering: Gathering): void {
    if (gathering.open !== null) this.leftOver.push(gathering.open);
    gathering.open = null;
  }

  /** Seals what is left and waits until everything is stored. */
  async finish(): Promise<void> {
    for (const block of this.leftOver.splice(0)) this.startSealing(block);
    while (this.underWay.size > 0) await Promise.all(this.underWay);
    this.refuseAfterFailure();
    if (this.pack !== null) await this.close(this.pack);
    this.pack = null;
    this.refuseAfterFailure();
  }

  private startSealing(block: OpenBlock): void {
    const work = this.seal(block).catch((error: unknown) => {
      this.failure ??= { error };
    });
    this.underWay.add(work);
    void work.then(() => this.underWay.delete(work));
  }

  private async seal({ buffer, filled, chunks }: OpenBlock): Promise<void> {
    const pack = this.packForNext();
    const number = pack.taken;
    pack.taken += 1;
    pack.sealing += 1;
    if (pack.taken === BLOCKS_PER_PACK_MAX) this.shut(pack);
    const { key, encoded: header } = pack;
    const { codec, plainBytes, sealed } = await this.given.labour.run({ kind: "seal", content: buffer.subarray(0, filled), key, header, number });
    this.buffers.giveBack(buffer);
    pack.blocks[number] = { stored: { codec, plainBytes, sealedBytes: sealed.length, chunks }, sealed };
    pack.sizeBytes += sealed.length;
    pack.sealing -= 1;
    if (pack.sizeBytes >= PACK_BYTES) this.shut(pack);
    if (pack.closed && pack.sealing === 0) await this.close(pack);
  }

  private packForNext(): OpenPack {
    if (this.pack !== null) return this.pack;
    const { keyring, entropy } = this.given;
    const header = { vault: keyring.vault, epoch: keyring.epoch, salt: entropy.bytes(SALT_BYTES) };
    const encoded = encodeHeader("pack", header);
    this.pack = { header, encoded, key: keyring.keyOf("pack", header, "a new pack"), blocks: [], sealing: 0, taken: 0, sizeBytes: 0, closed: false };
    return this.pack;
  }

  private shut(pack: OpenPack): void {
    pack.closed = true;
    if (this.pack === pack) this.pack = null;
  }

  private async close(pack: OpenPack): Promise<void> {
    while (this.storing >= STORING_MAX) await new Promise<void>((resolve) => this.roomToStore.push(resolve));
    this.storing += 1;
    try {
      const { store, writer, stored } = this.given;
      const { name, bytes } = finishPack(pack);
      // "exists" is as good: the name is the digest of the bytes.
      await store.put(packKey(writer, name), bytes);
      const blocks = pack.blocks.map((block) => block.stored);
      await stored({ name, epoch: pack.header.epoch, salt: pack.header.salt, sizeBytes: bytes.length, blocks });
    } finally {
      this.storing -= 1;
      this.roomToStore.shift()?.();
    }
  }

  private refuseAfterFailure(): void {
    if (this.failure !== null) throw this.failure.error;
  }
}
