/**
 * Fills packs: gathers chunks into blocks, has blocks sealed, and stores each pack that is full. What is under way is bounded by
 * buffers that are lent and given back: whoever brings a chunk waits while enough blocks are being sealed, and sealing waits
 * while enough packs are being stored.
 */
import type { Keyring } from "../../core/backup/vault/keyring.ts";
import { packKey } from "../../core/backup/vault/manifest.ts";
import type { IndexedPack } from "../../core/backup/vault/pack-index.ts";
import type { StoredChunk } from "../../core/backup/vault/pack-table.ts";
import { BLOCK_BYTES, BLOCK_BYTES_MAX, CHUNKS_PER_BLOCK_MAX } from "../../core/backup/vault/sizes.ts";
import type { Entropy, VaultStore } from "../../core/kernel/ports.ts";
import type { Gathering, OpenBlock, Run } from "./gathering.ts";
import type { Labour } from "./labour.ts";
import { Memory } from "./memory.ts";
import { PackBuffer } from "./pack-buffer.ts";
import { PACK_ROOM_BYTES } from "./pack-room.ts";

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

export class PackWriter {
  private readonly given: PackWriterGiven;
  private readonly blocks: Memory;
  private readonly packs = new Memory(PACK_ROOM_BYTES, PACKS_IN_MEMORY);
  private readonly leftOver: OpenBlock[] = [];
  private current: Promise<PackBuffer> | null = null;
  private readonly underWay = new Set<Promise<void>>();
  private failure: { readonly error: unknown } | null = null;

  constructor(given: PackWriterGiven) {
    this.given = given;
    /** Two for each hand, so that none waits for the next, and one for each stream that is being gathered. */
    this.blocks = new Memory(BLOCK_BYTES_MAX, 3 * given.labour.width + 2);
  }

  /**
   * Resolves when there is room for the next. `content` must stay as it is until `settle` has resolved for its gathering. Throws what
   * storing an earlier one has thrown.
   */
  async add(gathering: Gathering, id: Uint8Array, content: Uint8Array): Promise<void> {
    this.refuseAfterFailure();
    const chunk = { id, lengthBytes: content.length };
    if (gathering.lengthen(chunk, content)) {
      const full = gathering.takeFullRun();
      if (full !== null) this.sealRun(gathering, full);
      return;
    }
    await this.keepRun(gathering);
    if (!gathering.alone && gathering.open === null) gathering.open = this.leftOver.pop() ?? null;
    if (gathering.alone || gathering.open !== null) await this.copy(gathering, content, [chunk]);
    else gathering.run = { content, chunks: [chunk] };
  }

  /** The memory that the gathering's chunks lie in is free afterwards. */
  async settle(gathering: Gathering): Promise<void> {
    await Promise.all(gathering.underWay);
    this.refuseAfterFailure();
    await this.keepRun(gathering);
  }

  /** The stream has ended: the next one goes on with its block. */
  release(gathering: Gathering): void {
    if (gathering.open !== null) this.leftOver.push(gathering.open);
    gathering.open = null;
  }

  /** Seals what is left and waits until everything is stored. */
  async finish(): Promise<void> {
    for (const block of this.leftOver.splice(0)) this.start(this.sealOpen(block));
    await this.idle();
    const last = await this.current;
    if (last !== null) {
      last.close();
      this.current = null;
      this.start(this.storeIfWhole(last));
    }
    await this.idle();
  }

  private async idle(): Promise<void> {
    while (this.underWay.size > 0) await Promise.all(this.underWay);
    this.refuseAfterFailure();
  }

  /** Copies what has been left where it was read. */
  private async keepRun(gathering: Gathering): Promise<void> {
    const { run } = gathering;
    gathering.run = null;
    if (run !== null) await this.copy(gathering, run.content, run.chunks);
  }

  private async copy(gathering: Gathering, content: Uint8Array, chunks: readonly StoredChunk[]): Promise<void> {
    gathering.open ??= { buffer: await this.blocks.borrow(), filled: 0, chunks: [] };
    const block = gathering.open;
    block.buffer.set(content, block.filled);
    block.filled += content.length;
    block.chunks.push(...chunks);
    if (block.filled < BLOCK_BYTES && block.chunks.length < CHUNKS_PER_BLOCK_MAX) return;
    gathering.open = null;
    this.start(this.sealOpen(block));
  }

  private sealRun(gathering: Gathering, { content, chunks }: Run): void {
    const { promise, resolve } = Promise.withResolvers<void>();
    gathering.underWay.add(promise);
    const read = (): void => {
      gathering.underWay.delete(promise);
      resolve();
    };
    void this.start(this.seal(content, chunks, read)).then(read);
  }

  private async sealOpen({ buffer, filled, chunks }: OpenBlock): Promise<void> {
    await this.seal(buffer.subarray(0, filled), chunks, () => this.blocks.giveBack(buffer));
  }

  /** Returns when it has ended, or failed for everybody. */
  private start(work: Promise<void>): Promise<void> {
    const watched = work.catch((error: unknown) => {
      this.failure ??= { error };
      // Their buffers do not come back: nobody may wait for them.
      this.blocks.abandon(error);
      this.packs.abandon(error);
    });
    this.underWay.add(watched);
    void watched.then(() => this.underWay.delete(watched));
    return watched;
  }

  /** `read` is called when the content is no longer needed; the pack may have to be stored after that. */
  private async seal(content: Uint8Array, chunks: readonly StoredChunk[], read: () => void): Promise<void> {
    const pack = await this.nextPack(content.length, chunks.length);
    const { key, encodedHeader: header, memory: room } = pack;
    const { number, ...sealed } = await this.given.labour.run({ kind: "seal", content, room, key, header });
    read();
    pack.place(number, { ...sealed, chunks });
    await this.storeIfWhole(pack);
  }

  /** Blocks ask one after the other, so that a pack is opened once. */
  private async nextPack(plainBytes: number, chunks: number): Promise<PackBuffer> {
    for (;;) {
      this.current ??= this.packs.borrow().then((buffer) => new PackBuffer(buffer, this.given.keyring, this.given.entropy));
      const opening = this.current;
      const pack = await opening;
      if (pack.take(plainBytes, chunks)) return pack;
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
