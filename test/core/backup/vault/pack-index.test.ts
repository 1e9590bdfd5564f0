/** An index is read as it was written, and a table of it finds every chunk that it names and no other. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ChunkTable } from "../../../../core/backup/vault/chunk-table.ts";
import type { ObjectHeader } from "../../../../core/backup/vault/object-header.ts";
import { decodeIndex, encodeIndex, fitsIndex, type IndexedPack } from "../../../../core/backup/vault/pack-index.ts";
import { CHUNKS_PER_INDEX_MAX, CHUNKS_PER_PACK_MAX, INDEX_BYTES_MAX } from "../../../../core/backup/vault/sizes.ts";
import { noise } from "../../../support/noise.ts";
import { keyring, packOf, strangersKeyring } from "../../../support/vault-objects.ts";

const header: ObjectHeader = { vault: keyring.vault, epoch: 1, salt: noise("index", 32) };
const keyOf = (found: ObjectHeader): Uint8Array => keyring.keyOf("index", found, "the index");
const encoded = (packs: readonly IndexedPack[]): Buffer => encodeIndex(header, keyOf(header), packs).bytes;
const decoded = (bytes: Buffer): IndexedPack[] => decodeIndex(bytes, "the index", keyring.vault, keyOf);

/** Packs whose chunks have any ids and lengths; their bytes exist nowhere. */
const anyPacks = fc.array(
  fc.record({
    seed: fc.integer(),
    blocks: fc.array(fc.array(fc.integer({ min: 1, max: 5_000 }), { minLength: 1, maxLength: 6 }), { maxLength: 5 }),
  }),
  { maxLength: 6 },
);
const made = (packs: readonly { seed: number; blocks: readonly (readonly number[])[] }[]): IndexedPack[] =>
  packs.map(({ seed, blocks }, number) => ({
    name: noise(`name ${seed} ${number}`, 32).toString("hex"),
    epoch: 1,
    salt: noise(`salt ${seed} ${number}`, 32),
    sizeBytes: 1_000,
    blocks: blocks.map((lengths, block) => ({
      codec: 0,
      plainBytes: lengths.reduce((sum, length) => sum + length, 0),
      sealedBytes: 100,
      chunks: lengths.map((lengthBytes, chunk) => ({ id: noise(`${seed} ${number} ${block} ${chunk}`, 32), lengthBytes })),
    })),
  }));

describe("an index", () => {
  it("takes packs as long as it can be read: as many as fit are, with one more it would not fit", () => {
    const ids = Array.from({ length: 1_000 }, (_, chunk) => ({ id: noise(`chunk ${chunk}`, 32), lengthBytes: 3 }));
    const block = { codec: 0, plainBytes: 3_000, sealedBytes: 100, chunks: ids } as const;
    const full = made([{ seed: 1, blocks: [] }]).map((pack) => ({
      ...pack,
      blocks: Array.from({ length: CHUNKS_PER_PACK_MAX / ids.length }, () => block),
    }));
    const packs: IndexedPack[] = [];
    for (const next of full) while (fitsIndex(packs, next)) packs.push(next);
    expect(packs).toHaveLength(Math.floor(CHUNKS_PER_INDEX_MAX / CHUNKS_PER_PACK_MAX));
    const bytes = encoded(packs);
    expect(bytes.length).toBeLessThanOrEqual(INDEX_BYTES_MAX);
    expect(decoded(bytes)).toHaveLength(packs.length);
  });

  it("is read as it was written", () => {
    fc.assert(
      fc.property(anyPacks, (packs) => {
        expect(decoded(encoded(made(packs)))).toEqual(made(packs));
      }),
    );
  });

  it("is refused by a named fault wherever it was changed or cut off", () => {
    const bytes = encoded([packOf([noise(1, 10_000)]).pack, packOf([noise(2, 10_000)], keyring, 2).pack]);
    fc.assert(
      fc.property(fc.integer({ min: 0, max: bytes.length - 1 }), fc.integer({ min: 1, max: 255 }), fc.boolean(), (at, change, cut) => {
        const damaged = cut ? bytes.subarray(0, at) : Buffer.from(bytes);
        if (!cut) damaged[at] = (damaged[at] as number) ^ change;
        expect(() => decoded(damaged)).toThrow(expect.objectContaining({ name: expect.stringMatching(/^(Object|Key|Format)/) }));
      }),
    );
  });

  it("of another vault is foreign", () => {
    const theirs = { ...header, vault: strangersKeyring.vault };
    const bytes = encodeIndex(theirs, strangersKeyring.keyOf("index", theirs, "theirs"), []).bytes;
    expect(() => decoded(bytes)).toThrow(expect.objectContaining({ name: "ObjectForeign" }));
  });
});

describe("the table of chunks", () => {
  it("finds every chunk where its pack has it, and none that it was not given", () => {
    fc.assert(
      fc.property(anyPacks, fc.integer(), (packs, other) => {
        const table = new ChunkTable();
        for (const pack of made(packs)) table.addPack(pack);
        const met = new Set<string>();
        for (const [pack, { blocks }] of made(packs).entries()) {
          for (const [block, { chunks }] of blocks.entries()) {
            let offsetBytes = 0;
            for (const { id, lengthBytes } of chunks) {
              const text = Buffer.from(id).toString("hex");
              if (!met.has(text)) expect(table.find(id)).toEqual({ pack, block, offsetBytes, lengthBytes });
              met.add(text);
              offsetBytes += lengthBytes;
            }
          }
        }
        expect(table.size).toBe(met.size);
        expect(table.find(noise(`never ${other}`, 32))).toBeNull();
      }),
    );
  });

  it("grows beyond its first size and loses nothing", () => {
    const table = new ChunkTable();
    const chunks = Array.from({ length: 10_000 }, (_, index) => ({ id: noise(`grow ${index}`, 32), lengthBytes: 1 }));
    table.addPack({
      name: "00".repeat(32),
      epoch: 1,
      salt: noise(0, 32),
      sizeBytes: 1,
      blocks: [{ codec: 0, plainBytes: 10_000, sealedBytes: 16, chunks }],
    });
    expect(table.size).toBe(10_000);
    expect(chunks.every(({ id }, index) => table.find(id)?.offsetBytes === index)).toBe(true);
  });
});
