/**
 * Which pieces of which blocks go where, gathered by pack: a plan for files that are open. What lies side by side in a block and in
 * a file is one piece. It tells which files are whole as packs are done, so that they need not wait for the others.
 */
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
  /** Pack number → the files that it has pieces of; and of each file how many packs are still to be opened. */
  private readonly files = new Map<number, Set<number>>();
  private readonly left = new Map<number, number>();

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
      this.awaitPack(file, place.pack);
      for (let from = 0; from < place.lengthBytes; ) {
        if (room.length === 0) {
          const next = rooms.next();
          if (next.done) throw new ObjectCorrupt({ object: path, reason: "its chunks have more bytes than the file" });
          room = { ...next.value };
        }
        const lengthBytes = Math.min(room.length, place.lengthBytes - from);
        this.join(pieces, { fromBytes: place.offsetBytes + from, lengthBytes, file, position: room.offset });
        room = { offset: room.offset + lengthBytes, length: room.length - lengthBytes };
        from += lengthBytes;
      }
    }
    if (room.length > 0 || !rooms.next().done) throw new ObjectCorrupt({ object: path, reason: "its chunks have fewer bytes than the file" });
  }

  /** Whether something of the file is still to be written. */
  awaits(file: number): boolean {
    return this.left.has(file);
  }

  /** A pack's pieces were written. Returns the files that are whole now. */
  done(pack: number): number[] {
    const files = [...(this.files.get(pack) ?? [])];
    this.files.delete(pack);
    return files.filter((file) => {
      const left = (this.left.get(file) ?? 0) - 1;
      if (left > 0) this.left.set(file, left);
      else this.left.delete(file);
      return left === 0;
    });
  }

  packs(): { number: number; pack: IndexedPack; blocks: WantedBlock[] }[] {
    return [...this.wanted].map(([number, blocks]) => {
      const pack = this.table.packs[number];
      if (pack === undefined) throw new RangeError(`the table has no pack ${number}`);
      return { number, pack, blocks: [...blocks].map(([block, pieces]) => ({ number: block, pieces })) };
    });
  }

  private awaitPack(file: number, pack: number): void {
    const files = this.files.get(pack) ?? new Set<number>();
    if (files.has(file)) return;
    this.files.set(pack, files.add(file));
    this.left.set(file, (this.left.get(file) ?? 0) + 1);
  }

  private join(pieces: Piece[], piece: Piece): void {
    const last = pieces.at(-1);
    const goesOn =
      last !== undefined &&
      last.file === piece.file &&
      last.fromBytes + last.lengthBytes === piece.fromBytes &&
      last.position + last.lengthBytes === piece.position;
    if (goesOn) pieces[pieces.length - 1] = { ...last, lengthBytes: last.lengthBytes + piece.lengthBytes };
    else {
      pieces.push(piece);
      this.pieces += 1;
    }
  }

  private piecesOf(pack: number, block: number): Piece[] {
    const blocks = this.wanted.get(pack) ?? new Map<number, Piece[]>();
    this.wanted.set(pack, blocks);
    const pieces = blocks.get(block) ?? [];
    blocks.set(block, pieces);
    return pieces;
  }
}
