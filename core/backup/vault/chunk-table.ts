/**
 * Where every known chunk is, in memory, in a hundred bytes a chunk at most: four gigabytes of data need some ten megabytes of
 * table.
 */
import { IdSet } from "./id-set.ts";
import type { IndexedPack } from "./pack-index.ts";

/** A chunk's place: which of the table's packs, which block of it, where in the opened block. */
export type ChunkPlace = { readonly pack: number; readonly block: number; readonly offsetBytes: number; readonly lengthBytes: number };

const FIELDS = 4;
const FIRST_CHUNKS = 2_048;

export class ChunkTable {
  readonly packs: IndexedPack[] = [];
  private readonly ids = new IdSet();
  private places = new Uint32Array(FIRST_CHUNKS * FIELDS);

  get size(): number {
    return this.ids.size;
  }

  /** Of equal ids the first place stays. Returns the pack's number. */
  addPack(pack: IndexedPack): number {
    const number = this.packs.push(pack) - 1;
    for (const [block, { chunks }] of pack.blocks.entries()) {
      let offsetBytes = 0;
      for (const { id, lengthBytes } of chunks) {
        if (this.ids.add(id)) this.place({ pack: number, block, offsetBytes, lengthBytes });
        offsetBytes += lengthBytes;
      }
    }
    return number;
  }

  find(id: Uint8Array): ChunkPlace | null {
    const entry = this.ids.numberOf(id);
    if (entry === null) return null;
    const [pack = 0, block = 0, offsetBytes = 0, lengthBytes = 0] = this.places.subarray(entry * FIELDS, (entry + 1) * FIELDS);
    return { pack, block, offsetBytes, lengthBytes };
  }

  /** Of the id that was added last. */
  private place({ pack, block, offsetBytes, lengthBytes }: ChunkPlace): void {
    const at = (this.ids.size - 1) * FIELDS;
    if (at + FIELDS > this.places.length) {
      const grown = new Uint32Array(this.places.length * 2);
      grown.set(this.places);
      this.places = grown;
    }
    this.places.set([pack, block, offsetBytes, lengthBytes], at);
  }
}
