/** A plan writes each byte of each file once and from the right place, and tells of each file once, when nothing of it is left. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { RestorePlan } from "../../../adapters/vault/restore-plan.ts";
import { ChunkTable } from "../../../core/backup/vault/chunk-table.ts";
import { noise } from "../../support/noise.ts";

const PACKS = 4;
const BLOCKS = 2;
const CHUNKS = 5;
const CHUNK_BYTES = 10;
const COUNT = PACKS * BLOCKS * CHUNKS;
const ids = Array.from({ length: COUNT }, (_, index) => noise(index, 32));

const table = new ChunkTable();
for (let pack = 0; pack < PACKS; pack += 1) {
  const blocks = Array.from({ length: BLOCKS }, (_, block) => ({
    codec: 0 as const,
    plainBytes: CHUNKS * CHUNK_BYTES,
    sealedBytes: CHUNKS * CHUNK_BYTES + 16,
    chunks: Array.from({ length: CHUNKS }, (__, chunk) => ({
      id: ids[(pack * BLOCKS + block) * CHUNKS + chunk] as Buffer,
      lengthBytes: CHUNK_BYTES,
    })),
  }));
  table.addPack({ name: String(pack), epoch: 1, salt: Buffer.alloc(32), sizeBytes: 1_000, blocks });
}

/** Runs of neighbours, as files have them, and anything else. */
const run = fc
  .record({ first: fc.nat({ max: COUNT - 1 }), count: fc.integer({ min: 1, max: 12 }) })
  .map(({ first, count }) => Array.from({ length: Math.min(count, COUNT - first) }, (_, index) => first + index));
const files = fc.array(
  fc.array(run, { maxLength: 5 }).map((runs) => runs.flat()),
  { minLength: 1, maxLength: 8 },
);
/** Seven bytes of data, three of hole, and so on: stretches do not end where chunks do. */
const stretchesOf = (lengthBytes: number) =>
  Array.from({ length: Math.ceil(lengthBytes / 7) }, (_, index) => ({ offset: index * 10, length: Math.min(7, lengthBytes - index * 7) }));

describe("a plan of a restore", () => {
  it("has each byte of each file once, whether or not neighbours are joined and holes lie between", () => {
    fc.assert(
      fc.property(files, fc.boolean(), (given, hasHoles) => {
        const plan = new RestorePlan(table);
        const wanted = new Map<string, string>();
        for (const [file, chunks] of given.entries()) {
          const lengthBytes = chunks.length * CHUNK_BYTES;
          const stretches = hasHoles ? stretchesOf(lengthBytes) : lengthBytes > 0 ? [{ offset: 0, length: lengthBytes }] : [];
          plan.add(
            file,
            stretches,
            chunks.map((chunk) => ids[chunk] as Buffer),
            "path",
          );
          const positions = stretches.flatMap(({ offset, length }) => Array.from({ length }, (_, index) => offset + index));
          for (const [index, position] of positions.entries()) {
            const chunk = chunks[Math.floor(index / CHUNK_BYTES)] as number;
            wanted.set(`${file}@${position}`, `${Math.floor(chunk / CHUNKS)}:${(chunk % CHUNKS) * CHUNK_BYTES + (index % CHUNK_BYTES)}`);
          }
        }
        const found = new Map<string, string>();
        let pieces = 0;
        for (const { number, blocks } of plan.packs()) {
          for (const block of blocks) {
            pieces += block.pieces.length;
            for (const { file, position, fromBytes, lengthBytes } of block.pieces) {
              for (let index = 0; index < lengthBytes; index += 1) {
                const place = `${file}@${position + index}`;
                expect(found.has(place)).toBe(false);
                found.set(place, `${number * BLOCKS + block.number}:${fromBytes + index}`);
              }
            }
          }
        }
        expect(found).toEqual(wanted);
        expect(plan.pieces).toBe(pieces);
      }),
    );
  });

  it("tells of each file once, when the last pack that has a piece of it is done, in whatever order", () => {
    fc.assert(
      fc.property(files, fc.array(fc.nat(), { minLength: PACKS, maxLength: PACKS }), (given, order) => {
        const plan = new RestorePlan(table);
        for (const [file, chunks] of given.entries()) {
          const content = chunks.map((chunk) => ids[chunk] as Buffer);
          plan.add(file, chunks.length > 0 ? [{ offset: 0, length: chunks.length * CHUNK_BYTES }] : [], content, "path");
          expect(plan.awaits(file)).toBe(chunks.length > 0);
        }
        const packs = plan.packs().toSorted((left, right) => (order[left.number] as number) - (order[right.number] as number));
        const left = packs.map(({ blocks }) => new Set(blocks.flatMap(({ pieces }) => pieces.map(({ file }) => file))));
        for (const { number } of packs) {
          const files = left.shift() ?? new Set();
          const whole = [...files].filter((file) => !left.some((others) => others.has(file)));
          expect(plan.done(number).toSorted()).toEqual(whole.toSorted());
          expect(plan.done(number)).toEqual([]);
        }
        for (const file of given.keys()) expect(plan.awaits(file)).toBe(false);
      }),
    );
  });

  it("joins neighbours: a file that stands in one block as it is takes one piece", () => {
    const plan = new RestorePlan(table);
    plan.add(3, [{ offset: 0, length: CHUNKS * CHUNK_BYTES }], ids.slice(0, CHUNKS), "path");
    expect(plan.pieces).toBe(1);
  });
});
