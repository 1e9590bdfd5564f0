import { closeSync, ftruncateSync, mkdtempSync, openSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeEach, describe, expect, test } from "vitest";
import { HOLES_MAX } from "../../adapters/directory/file-bytes.ts";
import { openFile } from "../../adapters/directory/open-seen.ts";
import { type ConsumeFile, readSteadily } from "../../adapters/directory/read-steadily.ts";
import { dataStretches, refuseHoles } from "../../core/backup/directory/stretches.ts";
import { readAll } from "../support/directory-rig.ts";
import { settableClock } from "../support/settable-clock.ts";

const folder = mkdtempSync(join(tmpdir(), "synnergy-steadily-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const path = join(folder, "data");
const device = statSync(folder, { bigint: true }).dev;
beforeEach(() => rmSync(path, { recursive: true, force: true }));

const read = (consume: ConsumeFile<Buffer>) =>
  readSteadily({ path: "data", open: () => openFile(Buffer.from(path), device) }, consume, { clock: settableClock() });
const whole: ConsumeFile<Buffer> = (readNext) => readAll(readNext);

describe("a sparse file", () => {
  const piece = fc.record({ gap: fc.nat({ max: 3_000_000 }), bytes: fc.uint8Array({ minLength: 1, maxLength: 9000 }) });

  test("is its bytes between its holes, whatever the lengths that it is read in", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(piece, { maxLength: 5 }),
        fc.nat({ max: 2_000_000 }),
        fc.integer({ min: 1, max: 70_000 }),
        async (pieces, tail, step) => {
          rmSync(path, { force: true });
          const fd = openSync(path, "wx");
          let position = 0;
          for (const { gap, bytes } of pieces) {
            writeSync(fd, bytes, 0, bytes.length, position + gap);
            position += gap + bytes.length;
          }
          ftruncateSync(fd, position + tail);
          closeSync(fd);
          const answer = await read((readNext) => readAll((into) => readNext(into.subarray(0, step))));
          if (answer.kind !== "kept") throw new Error("it was not kept");
          const { holes, content, seen } = answer;
          expect(refuseHoles(seen.stamp.sizeBytes, holes)).toBeNull();
          const again = Buffer.alloc(seen.stamp.sizeBytes);
          let from = 0;
          for (const { offset, length } of dataStretches(seen.stamp.sizeBytes, holes)) {
            content.copy(again, offset, from, from + length);
            from += length;
          }
          expect(from).toBe(content.length);
          expect(again.equals(readFileSync(path))).toBe(true);
          // Each piece lies in so many blocks of the disk.
          const inBlocks = pieces.reduce((sum, { bytes }) => sum + (Math.ceil(bytes.length / 4096) + 1) * 4096, 0);
          expect(content.length).toBeLessThanOrEqual(inBlocks);
        },
      ),
      { numRuns: 60 },
    );
  });

  test("without a byte is one hole and no bytes", async () => {
    writeFileSync(path, "");
    truncateSync(path, 200_000_001);
    const answer = await read(whole);
    expect(answer).toMatchObject({ kind: "kept", holes: [{ offset: 0, length: 200_000_001 }] });
    if (answer.kind === "kept") expect(answer.content.length).toBe(0);
  });

  test("that is not sparse keeps its zeros: whoever wrote them wanted their blocks", async () => {
    writeFileSync(path, Buffer.alloc(100_000));
    const answer = await read(whole);
    expect(answer).toMatchObject({ kind: "kept", holes: [] });
    if (answer.kind === "kept") expect(answer.content.equals(Buffer.alloc(100_000))).toBe(true);
  });

  test("with more holes than a listing may have reads the rest as zeros", async () => {
    const fd = openSync(path, "wx");
    const blocks = HOLES_MAX + 50;
    for (let block = 0; block < blocks; block += 1) writeSync(fd, "x", block * 8192 + 4096);
    closeSync(fd);
    const answer = await read(whole);
    if (answer.kind !== "kept") throw new Error("it was not kept");
    expect(answer.holes.length).toBe(HOLES_MAX);
    expect(answer.content.length).toBe(statSync(path).size - HOLES_MAX * 4096);
  });
});
