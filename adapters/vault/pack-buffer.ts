/**
 * One pack while it grows, in memory that is used again for the next. Blocks are sealed side by side, straight into their places, and
 * are reported in any order.
 */
import type { Keyring } from "../../core/backup/vault/keyring.ts";
import { encodeHeader, HEADER_BYTES, type ObjectHeader } from "../../core/backup/vault/object-header.ts";
import { packEnd } from "../../core/backup/vault/pack.ts";
import type { IndexedPack } from "../../core/backup/vault/pack-index.ts";
import type { StoredBlock } from "../../core/backup/vault/pack-table.ts";
import { SALT_BYTES, TAG_BYTES } from "../../core/backup/vault/sealing.ts";
import {
  BLOCK_BYTES_MAX,
  BLOCKS_PER_PACK_MAX,
  CHUNKS_PER_PACK_MAX,
  PACK_BYTES,
  PACK_BYTES_MAX,
  TABLE_BYTES_MAX,
} from "../../core/backup/vault/sizes.ts";
import type { Entropy } from "../../core/kernel/ports.ts";
import { openRoom } from "./pack-room.ts";

/** For blocks, so that one more and the table still fit. */
const ROOM_BYTES = PACK_BYTES_MAX - TABLE_BYTES_MAX - (BLOCK_BYTES_MAX + TAG_BYTES);

export class PackBuffer {
  readonly key: Buffer;
  readonly encodedHeader: Buffer;
  private readonly header: ObjectHeader;
  private readonly buffer: Uint8Array;
  private readonly blocks: StoredBlock[] = [];
  private begun = 0;
  private chunks = 0;
  private placed = 0;
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
    openRoom(buffer, HEADER_BYTES);
  }

  /** Takes no more blocks. */
  get full(): boolean {
    return this.shut || this.filled >= PACK_BYTES || this.begun === BLOCKS_PER_PACK_MAX;
  }

  /** Full, every block is in its place, and nobody has finished it. */
  get whole(): boolean {
    return this.full && this.placed === this.begun && !this.finished;
  }

  get memory(): Uint8Array {
    return this.buffer;
  }

  /**
   * Whether a block of so many bytes and chunks may be sealed into it; it is then waited for. Refused where the pack has its size, where
   * its table would outgrow what a reader takes, or where what is under way might need the room that it has left: it takes none from then on, even if room was left over in the end, since
   * whoever was refused has gone on to the next pack.
   */
  take(plainBytes: number, chunks: number): boolean {
    this.shut ||= this.full || this.filled + this.promised > ROOM_BYTES || this.chunks + chunks > CHUNKS_PER_PACK_MAX;
    if (this.shut) return false;
    this.promised += plainBytes + TAG_BYTES;
    this.begun += 1;
    this.chunks += chunks;
    return true;
  }

  /** No further block will come. */
  close(): void {
    this.shut = true;
  }

  place(number: number, block: StoredBlock): void {
    this.blocks[number] = block;
    this.placed += 1;
    this.filled += block.sealedBytes;
    this.promised -= block.plainBytes + TAG_BYTES;
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
