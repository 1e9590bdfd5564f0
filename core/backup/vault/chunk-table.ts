/**
 * Where every known chunk is, in memory: open addressing over typed arrays, 52 bytes a chunk at most, so that four gigabytes of
 * data need seven megabytes of table. Ids are HMACs, so their own first bytes are the hash.
 */
import { ID_BYTES } from "./content-id.ts";
import type { IndexedPack } from "./pack-index.ts";

/** A chunk's place: which of the table's packs, which block of it, where in the opened block. */
export type ChunkPlace = { readonly pack: number; readonly block: number; readonly offsetBytes: number; readonly lengthBytes: number };

const FIELDS = 4;
const EMPTY = -1;
const LOAD_MAX = 0.5;
const FIRST_SLOTS = 4_096;

export class ChunkTable {
  readonly packs: IndexedPack[] = [];
  private ids = Buffer.allocUnsafe(FIRST_SLOTS * LOAD_MAX * ID_BYTES);
  private places = new Uint32Array(FIRST_SLOTS * LOAD_MAX * FIELDS);
  private slots = new Int32Array(FIRST_SLOTS).fill(EMPTY);
  private used = 0;

  get size(): number {
    return this.used;
  }

  /** Of equal ids the first place stays. Returns the pack's number. */
  addPack(pack: IndexedPack): number {
    const number = this.packs.push(pack) - 1;
    for (const [block, { chunks }] of pack.blocks.entries()) {
      let offsetBytes = 0;
      for (const { id, lengthBytes } of chunks) {
        this.add(id, { pack: number, block, offsetBytes, lengthBytes });
        offsetBytes += lengthBytes;
      }
    }
    return number;
  }

  find(id: Uint8Array, at = 0): ChunkPlace | null {
    const entry = this.slots[this.slotOf(id, at)] as number;
    return entry === EMPTY ? null : this.placeAt(entry);
  }

  private placeAt(entry: number): ChunkPlace {
    const [pack = 0, block = 0, offsetBytes = 0, lengthBytes = 0] = this.places.subarray(entry * FIELDS, (entry + 1) * FIELDS);
    return { pack, block, offsetBytes, lengthBytes };
  }

  private add(id: Uint8Array, { pack, block, offsetBytes, lengthBytes }: ChunkPlace): void {
    if ((this.used + 1) / this.slots.length > LOAD_MAX) this.grow();
    const slot = this.slotOf(id, 0);
    if (this.slots[slot] !== EMPTY) return;
    this.slots[slot] = this.used;
    this.ids.set(id, this.used * ID_BYTES);
    this.places.set([pack, block, offsetBytes, lengthBytes], this.used * FIELDS);
    this.used += 1;
  }

  /** The slot that holds the id, or the empty one where it belongs. */
  private slotOf(id: Uint8Array, at: number): number {
    const mask = this.slots.length - 1;
    let slot = (((id[at] as number) << 24) | ((id[at + 1] as number) << 16) | ((id[at + 2] as number) << 8) | (id[at + 3] as number)) & mask;
    for (;;) {
      const entry = this.slots[slot] as number;
      if (entry === EMPTY || this.ids.compare(id, at, at + ID_BYTES, entry * ID_BYTES, (entry + 1) * ID_BYTES) === 0) return slot;
      slot = (slot + 1) & mask;
    }
  }

  private grow(): void {
    const slots = new Int32Array(this.slots.length * 2).fill(EMPTY);
    const ids = Buffer.allocUnsafe(slots.length * LOAD_MAX * ID_BYTES);
    const places = new Uint32Array(slots.length * LOAD_MAX * FIELDS);
    this.ids.copy(ids, 0, 0, this.used * ID_BYTES);
    places.set(this.places.subarray(0, this.used * FIELDS));
    Object.assign(this, { slots, ids, places });
    for (let entry = 0; entry < this.used; entry += 1) {
      const at = entry * ID_BYTES;
      this.slots[this.slotOf(this.ids.subarray(at, at + ID_BYTES), 0)] = entry;
    }
  }
}
