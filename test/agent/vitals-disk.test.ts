/** What is free of a quota or of a file system, by a walk that counts what takes space, once, and not too often. */
import { linkSync, mkdirSync, mkdtempSync, rmSync, statfsSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, expect, test } from "vitest";
import { diskSpace } from "../../agent/vitals/disk-space.ts";
import { manualClock } from "../support/manual-clock.ts";

const MEBIBYTE = 1024 ** 2;
const QUOTA = 64 * MEBIBYTE;
const home = mkdtempSync(join(tmpdir(), "synnergy-disk-"));
afterAll(() => rmSync(home, { recursive: true, force: true }));
const emptyFolder = (): string => mkdtempSync(join(home, "data-"));
const freeNow = async (folder: string, bytesMax: number = QUOTA) =>
  (await diskSpace({ folder, bytesMax, everyMs: 10_000, clock: manualClock() }).look())?.freeBytes ?? Number.NaN;

test("of a quota what is free falls by what is written, rises by what is removed, and is never below nothing", async () => {
  const sizes = fc.array(fc.record({ mebibytes: fc.integer({ min: 1, max: 4 }), depth: fc.integer({ min: 0, max: 5 }) }), {
    minLength: 1,
    maxLength: 6,
  });
  await fc.assert(
    fc.asyncProperty(sizes, async (files) => {
      const folder = emptyFolder();
      const empty = await freeNow(folder);
      let bytes = 0;
      files.forEach(({ mebibytes, depth }, index) => {
        const at = join(folder, ...Array.from({ length: depth }, (_, level) => `d${level}`));
        mkdirSync(at, { recursive: true });
        writeFileSync(join(at, String(index)), Buffer.alloc(mebibytes * MEBIBYTE, index + 1));
        bytes += mebibytes * MEBIBYTE;
      });
      const used = empty - (await freeNow(folder));
      expect(used).toBeGreaterThanOrEqual(bytes);
      expect(used - bytes).toBeLessThan(MEBIBYTE);
      expect(await diskSpace({ folder, bytesMax: MEBIBYTE, everyMs: 10_000, clock: manualClock() }).look()).toEqual({ freeBytes: 0, freeShare: 0 });
      rmSync(folder, { recursive: true });
      mkdirSync(folder);
      expect(await freeNow(folder)).toBe(empty);
    }),
    { numRuns: 15 },
  );
});

test("a hole takes nothing, a file of two names counts once, and what a link points at not at all", async () => {
  const folder = emptyFolder();
  const file = join(folder, "one");
  writeFileSync(file, Buffer.alloc(4 * MEBIBYTE, 1));
  const free = await freeNow(folder);
  linkSync(file, join(folder, "two"));
  writeFileSync(join(folder, "sparse"), "");
  truncateSync(join(folder, "sparse"), 32 * MEBIBYTE);
  const elsewhere = emptyFolder();
  writeFileSync(join(elsewhere, "large"), Buffer.alloc(8 * MEBIBYTE, 1));
  symlinkSync(elsewhere, join(folder, "link"));
  symlinkSync(folder, join(folder, "round"));
  expect(free - (await freeNow(folder))).toBeLessThan(MEBIBYTE);
});

test("the walk is not taken again within the time that is set, and is taken after", async () => {
  const clock = manualClock();
  const folder = emptyFolder();
  const disk = diskSpace({ folder, bytesMax: QUOTA, everyMs: 10_000, clock });
  const before = await disk.look();
  writeFileSync(join(folder, "new"), Buffer.alloc(4 * MEBIBYTE, 1));
  await clock.advance(9_000);
  expect(await disk.look()).toEqual(before);
  await clock.advance(1_000);
  expect((before?.freeBytes ?? 0) - ((await disk.look())?.freeBytes ?? 0)).toBeGreaterThanOrEqual(4 * MEBIBYTE);
});

test("a folder whose walk takes too long, and one that is not there, are not measured at all", async () => {
  const clock = manualClock();
  const folder = emptyFolder();
  // A clock that jumps between two looks stands for a walk that takes too long.
  let ms = 0;
  const slow = {
    monotonicMs: () => {
      ms += 3_000;
      return ms;
    },
  };
  for (const name of ["a", "b", "c"]) writeFileSync(join(folder, name), "");
  expect(await diskSpace({ folder, bytesMax: QUOTA, everyMs: 10_000, clock: slow }).look()).toBeNull();
  for (const bytesMax of [QUOTA, undefined])
    expect(await diskSpace({ folder: join(home, "nowhere"), bytesMax, everyMs: 10_000, clock }).look()).toBeNull();
});

test("without a quota it is the file system's", async () => {
  const found = await diskSpace({ folder: home, bytesMax: undefined, everyMs: 10_000, clock: manualClock() }).look();
  const { blocks, bsize } = statfsSync(home);
  expect(found?.freeBytes).toBeLessThanOrEqual(blocks * bsize);
  expect((found?.freeBytes ?? 0) / (blocks * bsize)).toBeCloseTo(found?.freeShare ?? -1, 6);
});
