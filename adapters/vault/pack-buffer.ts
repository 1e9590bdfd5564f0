/**
 * One pack while it grows, in a buffer that is used again for the next. Blocks are sealed side by side and come back in any
 * order; each is laid behind the one that was numbered before it.
 */
import type { Keyring } from "../../core/backup/vault/keyring.ts";
import { encodeHeader, HEADER_BYTES, type ObjectHeader } from "../../core/backup/vault/object-header.ts";
import { packEnd } from "../../core/backup/vault/pack.ts";
import type { IndexedPack } from "../../core/backup/vault/pack-index.ts";
import type { StoredBlock } from "../../core/backup/vault/pack-table.ts";
import { SALT_BYTES, TAG_BYTES } from "../../core/backup/vault/sealing.ts";
import { BLOCK_BYTES_MAX, BLOCKS_PER_PACK_MAX, PACK_BYTES, PACK_BYTES_MAX, TABLE_BYTES_MAX } from "../../core/backup/vault/sizes.ts";
import type { Entropy } from "../../core/kernel/ports.ts";

/** For blocks, so that one more and the table still fit. */
const ROOM_BYTES = PACK_BYTES_MAX - TABLE_BYTES_MAX - (BLOCK_BYTES_MAX + TAG_BYTES);

type Sealed = { readonly stored: StoredBlock; readonly bytes: Uint8Array; readonly release: () => void };

export class PackBuffer {
  readonly key: Buffer;
  readonly encodedHeader: Buffer;
  private readonly header: ObjectHeader;
  private readonly buffer: Uint8Array;
  private readonly blocks: StoredBlock[] = [];
  private readonly early = new Map<number, Sealed>();
  private numbered = 0;
  private filled = HEADER_BYTES;
  /** What the blocks that are being sealed may still need; sealing adds a tag and never more. */
  private promised = 0;
  private shut = false;
  private finished = false;

  constructor(buffer: Uint8Array, keyring: Keyring, entropy: Entropy) {
    this.buffer = buffer;
    this.header = { vault: keyring.vault, epoch: keyring.epoch, salt: entropy.bytes(SALT_BYTES) };
    this.key = keyring.keyOf("pack", this.header, "a new pack");
    this.encodedHeader = encodeHeader("pack", this.header);
    buffer.set(this.encodedHeader);
  }

  /** Takes no more blocks: it has its size, or what is under way might need the room that it has left. */
  get full(): boolean {
    return this.shut || this.filled >= PACK_BYTES || this.filled + this.promised > ROOM_BYTES || this.numbered === BLOCKS_PER_PACK_MAX;
  }

  /** Full, every block is in its place, and nobody has finished it. */
  get whole(): boolean {
    return this.full && this.blocks.length === this.numbered && !this.finished;
  }

  get memory(): Uint8Array {
    return this.buffer;
  }

  /** The number of the next block, which has so many bytes before it is sealed. */
  number(plainBytes: number): number {
    this.promised += plainBytes + TAG_BYTES;
    this.numbered += 1;
    return this.numbered - 1;
  }

  /** No further block will come. */
  close(): void {
    this.shut = true;
  }

  place(number: number, sealed: Sealed): void {
    this.early.set(number, sealed);
    for (let next = this.early.get(this.blocks.length); next !== undefined; next = this.early.get(this.blocks.length)) {
      this.early.delete(this.blocks.length);
      this.buffer.set(next.bytes, this.filled);
      this.filled += next.bytes.length;
      this.promised -= next.stored.plainBytes + TAG_BYTES;
      this.blocks.push(next.stored);
      next.release();
    }
  }

  /** The object, a view of the buffer, and what an index says of it beside its name. */
  finish(): { bytes: Uint8Array; pack: Omit<IndexedPack, "name"> } {
    this.finished = true;
    const { table, footer } = packEnd({ key: this.key, header: this.encodedHeader }, this.blocks);
    this.buffer.set(table, this.filled);
    this.buffer.set(footer, this.filled + table.length);
    const bytes = this.buffer.subarray(0, this.filled + table.length + footer.length);
    const { epoch, salt } = this.header;
    return { bytes, pack: { epoch, salt, sizeBytes: bytes.length, blocks: this.blocks } };
  }
}
