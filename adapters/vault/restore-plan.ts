/** Which pieces of which blocks go where, gathered by pack: a plan for files that are open. */
import type { Stretch } from "../../core/backup/directory/stretches.ts";
import type { ChunkTable } from "../../core/backup/vault/chunk-table.ts";
import { ObjectCorrupt, ObjectMissing } from "../../core/backup/vault/faults.ts";
import type { IndexedPack } from "../../core/backup/vault/pack-index.ts";
import type { Piece } from "./labour.ts";
import type { WantedBlock } from "./vault-reader.ts";

export class RestorePlan {
  pieces = 0;
  private readonly table: ChunkTable;
  /** Pack number → block number → pieces. */
  private readonly wanted = new Map<number, Map<number, Piece[]>>();

  constructor(table: ChunkTable) {
    this.table = table;
  }

  /** The chunks' bytes, one behind the other, fill the stretches exactly; else the listing is refused. */
  add(file: number, stretches: readonly Stretch[], chunks: readonly Uint8Array[], path: string): void {
    const rooms = stretches.values();
    let room = { offset: 0, length: 0 };
    for (const id of chunks) {
      const place = this.table.find(id);
      if (place === null) throw new ObjectMissing({ object: `chunk ${Buffer.from(id).toString("hex")} of ${path}`, reason: "no index names it" });
      const pieces = this.piecesOf(place.pack, place.block);
      for (let from = 0; from < place.lengthBytes; ) {
        if (room.length === 0) {
          const next = rooms.next();
          if (next.done) throw new ObjectCorrupt({ object: path, reason: "its chunks have more bytes than the file" });
          room = { ...next.value };
        }
        const lengthBytes = Math.min(room.length, place.lengthBytes - from);
        pieces.push({ fromBytes: place.offsetBytes + from, lengthBytes, file, position: room.offset });
        this.pieces += 1;
        room = { offset: room.offset + lengthBytes, length: room.length - lengthBytes };
        from += lengthBytes;
      }
    }
    if (room.length > 0 || !rooms.next().done) throw new ObjectCorrupt({ object: path, reason: "its chunks have fewer bytes than the file" });
  }

  packs(): { pack: IndexedPack; blocks: WantedBlock[] }[] {
    return [...this.wanted].map(([number, blocks]) => {
      const pack = this.table.packs[number];
      if (pack === undefined) throw new RangeError(`the table has no pack ${number}`);
      return { pack, blocks: [...blocks].map(([block, pieces]) => ({ number: block, pieces })) };
    });
  }

  private piecesOf(pack: number, block: number): Piece[] {
    const blocks = this.wanted.get(pack) ?? new Map<number, Piece[]>();
    this.wanted.set(pack, blocks);
    const pieces = blocks.get(block) ?? [];
    blocks.set(block, pieces);
    return pieces;
  }
}
