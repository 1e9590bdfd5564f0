/**
 * Reads small streams of a vault, which are listings and lists of chunks, as bytes. Blocks are read singly and kept for a
 * while, since a tree's chunks stand together. What one store lacks or holds damaged is read from the next.
 */
import { contentId, ID_BYTES } from "../../core/backup/vault/content-id.ts";
import { ObjectCorrupt, ObjectMissing } from "../../core/backup/vault/faults.ts";
import type { Keyring } from "../../core/backup/vault/keyring.ts";
import { packKey } from "../../core/backup/vault/manifest.ts";
import { encodeHeader } from "../../core/backup/vault/object-header.ts";
import type { IndexedPack } from "../../core/backup/vault/pack-index.ts";
import { blockStarts } from "../../core/backup/vault/pack-table.ts";
import { openBlock } from "../../core/backup/vault/sealing.ts";
import { BLOCK_BYTES_MAX } from "../../core/backup/vault/sizes.ts";
import type { StreamReference } from "../../core/backup/vault/stream-reference.ts";
import type { VaultStore } from "../../core/kernel/ports.ts";
import { fromAnyStore, packFault } from "./any-store.ts";
import type { Catalogue } from "./catalogue.ts";

const BLOCKS_KEPT = 24;
/** A listing of ten million names; a list of as many chunks. */
const STREAM_BYTES_MAX = 1024 * 1024 * 1024;

export type StreamReaderGiven = { readonly stores: readonly VaultStore[]; readonly keyring: Keyring; readonly catalogue: Catalogue };

export class StreamReader {
  private readonly given: StreamReaderGiven;
  private readonly kept = new Map<string, Promise<Buffer>>();

  constructor(given: StreamReaderGiven) {
    this.given = given;
  }

  /** The ids of a stream's own chunks, then of the list that they stand in, and so on up to the reference's. */
  async levels({ depth, ids }: StreamReference): Promise<Uint8Array[][]> {
    let list = [...ids];
    const levels = [list];
    for (let level = depth; level > 0; level -= 1) {
      const bytes = await this.chunks(list);
      if (bytes.length % ID_BYTES !== 0) {
        throw new ObjectCorrupt({ object: "a list of chunks", reason: `it has ${bytes.length} bytes, no multiple of ${ID_BYTES}` });
      }
      list = Array.from({ length: bytes.length / ID_BYTES }, (_, index) => bytes.subarray(index * ID_BYTES, (index + 1) * ID_BYTES));
      levels.unshift(list);
    }
    return levels;
  }

  async read(reference: StreamReference): Promise<Buffer> {
    const [own = []] = await this.levels(reference);
    return await this.content(own, reference);
  }

  /** The bytes of a stream whose own chunks are known already. */
  async content(own: readonly Uint8Array[], { lengthBytes }: StreamReference): Promise<Buffer> {
    const bytes = await this.chunks(own);
    if (bytes.length === lengthBytes) return bytes;
    throw new ObjectCorrupt({ object: "a stream", reason: `its chunks have ${bytes.length} bytes, it should have ${lengthBytes}` });
  }

  private async chunks(ids: readonly Uint8Array[]): Promise<Buffer> {
    const parts: Buffer[] = [];
    let sumBytes = 0;
    for (const id of ids) {
      const place = this.given.catalogue.table.find(id);
      if (place === null) throw new ObjectMissing({ object: `chunk ${Buffer.from(id).toString("hex")}`, reason: "no index names it" });
      const block = await this.block(place.pack, place.block);
      const content = block.subarray(place.offsetBytes, place.offsetBytes + place.lengthBytes);
      if (!contentId(this.given.keyring.idKey, content).equals(id)) {
        throw new ObjectCorrupt({ object: `chunk ${Buffer.from(id).toString("hex")}`, reason: "its content is not what its id says" });
      }
      parts.push(content);
      sumBytes += content.length;
      if (sumBytes > STREAM_BYTES_MAX) throw new ObjectCorrupt({ object: "a stream", reason: `it has more than ${STREAM_BYTES_MAX} bytes` });
    }
    return Buffer.concat(parts, sumBytes);
  }

  private block(packNumber: number, number: number): Promise<Buffer> {
    const key = `${packNumber}/${number}`;
    const known = this.kept.get(key);
    if (known !== undefined) return known;
    const pack = this.given.catalogue.table.packs[packNumber];
    if (pack === undefined) throw new RangeError(`the table has no pack ${packNumber}`);
    const opening = fromAnyStore(this.given.stores, (store) => this.openFrom(store, pack, number));
    this.kept.set(key, opening);
    const [oldest] = this.kept.keys();
    if (this.kept.size > BLOCKS_KEPT && oldest !== undefined) this.kept.delete(oldest);
    return opening;
  }

  private async openFrom(store: VaultStore, pack: IndexedPack, number: number): Promise<Buffer> {
    const { keyring, catalogue } = this.given;
    const key = packKey(catalogue.indexOf(pack).writer, pack.name);
    const object = `${store.name}/${key}`;
    const block = pack.blocks[number];
    const offset = blockStarts(pack.blocks)[number];
    if (block === undefined || offset === undefined) throw new RangeError(`pack ${pack.name} has no block ${number}`);
    const got = await store.get(key, { bytesMax: BLOCK_BYTES_MAX * 2, range: { offset, length: block.sealedBytes } });
    if (got.kind === "absent") throw new ObjectMissing({ object, reason: "an index names it" });
    const header = { vault: keyring.vault, epoch: pack.epoch, salt: pack.salt };
    const place = { key: keyring.keyOf("pack", header, object), header: encodeHeader("pack", header), number };
    const content = got.bytes.length === block.sealedBytes ? openBlock(place, { ...block, sealed: got.bytes }) : null;
    if (content !== null) return content;
    throw await packFault(store, key, pack, keyring);
  }
}
