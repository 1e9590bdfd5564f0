import { execFileSync } from "node:child_process";
import { appendFileSync, mkdtempSync, renameSync, rmSync, statSync, symlinkSync, truncateSync, unlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeEach, describe, expect, test } from "vitest";
import { openFile } from "../../adapters/directory/open-seen.ts";
import { type ConsumeFile, readSteadily } from "../../adapters/directory/read-steadily.ts";
import { readAll } from "../support/directory-rig.ts";
import { settableClock } from "../support/settable-clock.ts";

const folder = mkdtempSync(join(tmpdir(), "synnergy-steadily-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const path = join(folder, "data");
const device = statSync(folder, { bigint: true }).dev;
beforeEach(() => rmSync(path, { recursive: true, force: true }));

/** Sleeps at once, and says how long it would have been. */
function countingClock() {
  const slept: number[] = [];
  return { ...settableClock(Date.now() + 3_600_000), slept, sleep: async (ms: number) => void slept.push(ms) };
}

const open = () => openFile(Buffer.from(path), device);
const read = <T>(consume: ConsumeFile<T>, clock = countingClock()) => readSteadily({ path: "data", open }, consume, { clock });
const whole: ConsumeFile<Buffer> = (readNext) => readAll(readNext);

/** Reads a first part, lets something happen to the file, and reads on. */
const disturbed =
  (happens: (attempt: number) => void): ConsumeFile<string> =>
  async (readNext, { attempt }) => {
    const first = Buffer.alloc(1000);
    const count = await readNext(first);
    happens(attempt);
    return Buffer.concat([first.subarray(0, count), await readAll(readNext)]).toString();
  };

const OLD = "o".repeat(300_000);
const NEW = "n".repeat(300_000);

describe("a file that changes while it is read", () => {
  test.each<[string, () => void]>([
    ["is written over", () => writeFileSync(path, NEW, { flag: "r+" })],
    [
      "is written over and its time put back",
      () => {
        const before = statSync(path);
        execFileSync("touch", ["-r", path, `${path}.time`]);
        writeFileSync(path, NEW, { flag: "r+" });
        execFileSync("touch", ["-r", `${path}.time`, path]);
        expect(statSync(path).mtimeMs).toBe(before.mtimeMs);
      },
    ],
    [
      "is replaced by a new file",
      () => {
        writeFileSync(`${path}.next`, NEW);
        renameSync(`${path}.next`, path);
      },
    ],
    [
      "shrinks and grows again",
      () => {
        truncateSync(path, 10);
        writeFileSync(path, NEW);
      },
    ],
  ])("and %s is read again, and never torn", async (_what, change) => {
    writeFileSync(path, OLD);
    const clock = countingClock();
    const answer = await read(
      disturbed((attempt) => attempt === 1 && change()),
      clock,
    );
    expect(answer).toMatchObject({
      kind: "kept",
      content: NEW,
      seen: { stamp: { sizeBytes: NEW.length, inode: statSync(path, { bigint: true }).ino } },
    });
    expect(clock.slept).toEqual([200]);
  });

  test("and grows at every attempt is reported after the last, having waited longer each time", async () => {
    writeFileSync(path, OLD);
    const clock = countingClock();
    const attempts: number[] = [];
    const answer = await read(
      disturbed((attempt) => {
        attempts.push(attempt);
        appendFileSync(path, "more");
      }),
      clock,
    );
    expect(answer).toMatchObject({
      kind: "skipped",
      skipped: { path: "data", reason: "changed-while-read", detail: expect.stringContaining("size") },
    });
    expect(attempts).toEqual([1, 2, 3, 4, 5]);
    expect(clock.slept).toEqual([200, 400, 800, 1600]);
  });

  test("and is cut off interrupts its consumer, even one that swallows the interruption", async () => {
    writeFileSync(path, OLD);
    const answer = await readSteadily(
      { path: "data", open },
      async (readNext) => {
        truncateSync(path, 100);
        return await readAll(readNext).catch(() => Buffer.from("whatever"));
      },
      { clock: countingClock(), attemptsMax: 1 },
    );
    expect(answer).toMatchObject({ kind: "skipped", skipped: { reason: "changed-while-read" } });
  });

  test("and is removed is reported as vanished", async () => {
    writeFileSync(path, OLD);
    expect(await read(disturbed(() => unlinkSync(path)))).toMatchObject({ kind: "skipped", skipped: { reason: "vanished" } });
  });

  test.each<[string, () => void]>([
    ["a symbolic link", () => symlinkSync("/etc/passwd", path)],
    ["a pipe that nobody writes", () => execFileSync("mkfifo", [path])],
  ])("and becomes %s is not read through it", async (_what, become) => {
    writeFileSync(path, OLD);
    const answer = await read(
      disturbed(() => {
        unlinkSync(path);
        become();
      }),
    );
    expect(answer.kind).toBe("skipped");
  });

  test("passes its consumer's own error on, and does not try again", async () => {
    writeFileSync(path, OLD);
    let asked = 0;
    const failing = read(async () => {
      asked += 1;
      throw new Error("the vault is full");
    });
    await expect(failing).rejects.toThrow("the vault is full");
    expect(asked).toBe(1);
  });

  test("does not take a consumer's word that has not read to the end", async () => {
    writeFileSync(path, OLD);
    await expect(read(async () => "done")).rejects.toThrow("without reading to the end");
  });

  test("is waited for when it was written within the last tick, in which another write would not show", async () => {
    writeFileSync(path, OLD);
    const clock = { ...countingClock(), wallMs: () => Number(statSync(path, { bigint: true }).ctimeNs / 1_000_000n) };
    let lookedAt = 0;
    const answer = await readSteadily({ path: "data", open }, whole, {
      clock: { ...clock, sleep: async () => void (lookedAt++ === 0 && writeFileSync(path, NEW)) },
    });
    expect(lookedAt).toBeGreaterThan(1);
    expect(answer).toMatchObject({ kind: "kept", content: Buffer.from(NEW) });
  });
});
