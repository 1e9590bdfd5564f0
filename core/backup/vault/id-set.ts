/**
 * A set of ids in 40 to 80 bytes each, numbered as they come: open addressing over one buffer. Ids are HMACs, so their own first
 * bytes are the hash. A first backup of a terabyte meets thirty million of them.
 */
import { ID_BYTES } from "./content-id.ts";

const EMPTY = -1;
const FIRST_SLOTS = 4_096;
const LOAD_MAX = 0.5;

export class IdSet {
  private ids = Buffer.allocUnsafe(FIRST_SLOTS * LOAD_MAX * ID_BYTES);
  private slots = new Int32Array(FIRST_SLOTS).fill(EMPTY);
  private used = 0;

  get size(): number {
    return this.used;
  }

  /** False where it was there already. */
  add(id: Uint8Array): boolean {
    const slot = this.slotOf(id, 0);
    if (this.slots[slot] !== EMPTY) return false;
    this.slots[slot] = this.used;
    this.ids.set(id, this.used * ID_BYTES);
    this.used += 1;
    if (this.used / this.slots.length >= LOAD_MAX) this.grow();
    return true;
  }

  /** Which of the added it is, from 0; null where it was not added. */
  numberOf(id: Uint8Array): number | null {
    const entry = this.slots[this.slotOf(id, 0)] as number;
    return entry === EMPTY ? null : entry;
  }

  /** The slot that holds the id at `at`, or the empty one where it belongs. */
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
    const ids = Buffer.allocUnsafe(this.slots.length * 2 * LOAD_MAX * ID_BYTES);
    this.ids.copy(ids, 0, 0, this.used * ID_BYTES);
    this.ids = ids;
    this.slots = new Int32Array(this.slots.length * 2).fill(EMPTY);
    for (let entry = 0; entry < this.used; entry += 1) this.slots[this.slotOf(ids, entry * ID_BYTES)] = entry;
  }
}
