/** A document on the disk is the last acknowledged one or a later one, or it is known to be damaged; it is never silently another. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeEach, describe, expect, test } from "vitest";
import * as z from "zod";
import { durableFile } from "../../adapters/durable-file.ts";

const folder = mkdtempSync(join(tmpdir(), "synnergy-durable-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const Shape = z.object({ slot: z.int(), note: z.string() });
const secret = new Uint8Array(32).fill(7);
const path = join(folder, "state.json");
const openFile = (at = path, by = secret) => durableFile({ path: at, shape: Shape, secret: by });

beforeEach(() => rmSync(path, { force: true }));

function written(slots: readonly number[]) {
  const file = openFile();
  file.load();
  for (const slot of slots) file.save({ slot, note: "é" });
  return file;
}

describe("a durable file", () => {
  test("reads back what was saved last, with a counter that grows by one each time, over restarts", () => {
    fc.assert(
      fc.property(fc.array(fc.array(fc.integer(), { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 4 }), (boots) => {
        rmSync(path, { force: true });
        let count = 0;
        for (const slots of boots) {
          written(slots);
          count += slots.length;
          expect(openFile().load()).toEqual({ kind: "loaded", value: { slot: slots.at(-1), note: "é" }, counter: count });
        }
      }),
      { numRuns: 25 },
    );
  });

  test("that is cut at any byte is damaged, never read as a shorter one and never as nothing", () => {
    written([41, 42]);
    const whole = readFileSync(path);
    for (let bytes = 0; bytes < whole.length; bytes += 1) {
      writeFileSync(path, whole.subarray(0, bytes));
      expect(openFile().load().kind, `cut to ${bytes} bytes`).toBe("damaged");
    }
  });

  test("of which any byte was changed is damaged", () => {
    written([42]);
    const whole = readFileSync(path);
    fc.assert(
      fc.property(fc.nat(whole.length - 1), fc.integer({ min: 1, max: 255 }), (at, flip) => {
        const changed = Buffer.from(whole);
        changed[at] = (changed[at] ?? 0) ^ flip;
        writeFileSync(path, changed);
        expect(openFile().load().kind).toBe("damaged");
      }),
    );
  });

  test("whatever a crash left of the next document beside it, the last one is read", () => {
    written([1, 2, 3]);
    const leftover = join(folder, ".state.json.next");
    for (const junk of ["", "synnergy-ha-store/1\n{", readFileSync(path, "utf8").slice(0, 60)]) {
      writeFileSync(leftover, junk);
      expect(openFile().load()).toMatchObject({ kind: "loaded", value: { slot: 3 }, counter: 3 });
    }
    expect(written([4]).load()).toMatchObject({ kind: "loaded", value: { slot: 4 }, counter: 4 });
  });

  test("written under another key is damaged, and says that it was edited or is another's", () => {
    written([1]);
    const loaded = openFile(path, new Uint8Array(32)).load();
    expect(loaded).toMatchObject({ kind: "damaged", reason: expect.stringContaining("another agent's key") });
  });

  test("that is missing is missing, and not damaged", () => {
    expect(openFile().load()).toEqual({ kind: "missing" });
  });

  test("is not written over by a process that did not see the newest", () => {
    const first = written([1]);
    const second = openFile();
    second.load();
    expect(second.save({ slot: 2, note: "" }).kind).toBe("saved");
    expect(first.save({ slot: 3, note: "" }).kind).toBe("damaged");
    expect(openFile().load()).toMatchObject({ value: { slot: 2 } });
  });

  test("that was removed under a running process is not made anew by it", () => {
    const file = written([1]);
    rmSync(path);
    expect(file.save({ slot: 2, note: "" }).kind).toBe("damaged");
  });
});

describe("kill -9", () => {
  const WRITER = `
    import { durableFile } from ${JSON.stringify(join(import.meta.dirname, "../../adapters/durable-file.ts"))};
    import * as z from ${JSON.stringify(import.meta.resolve("zod"))};
    import { writeSync } from "node:fs";
    const file = durableFile({ path: process.argv[2], shape: z.object({ slot: z.int(), note: z.string() }), secret: new Uint8Array(32).fill(7) });
    const loaded = file.load();
    if (loaded.kind === "damaged") throw new Error(loaded.reason);
    for (let slot = loaded.kind === "loaded" ? loaded.value.slot + 1 : 0; ; slot += 1) {
      file.save({ slot, note: "x".repeat(4000) });
      writeSync(1, slot + "\\n");
    }`;

  test("at any time leaves the last acknowledged document or a later one", async () => {
    const script = join(folder, "writer.mts");
    writeFileSync(script, WRITER);
    const target = join(folder, "killed.json");
    let acknowledged = -1;
    for (let round = 0; round < 12; round += 1) {
      const child = spawn(process.execPath, [script, target], { stdio: ["ignore", "pipe", "inherit"] });
      acknowledged = await lastBeforeKill(child, 3 + 7 * round);
      const loaded = openFile(target).load();
      expect(loaded.kind).toBe("loaded");
      if (loaded.kind === "loaded") expect(loaded.value.slot).toBeGreaterThanOrEqual(acknowledged);
    }
    expect(acknowledged).toBeGreaterThan(0);
  });
});

/** Kills the child in the middle of its writing, after it has acknowledged so many; answers the last that it acknowledged. */
async function lastBeforeKill(child: ChildProcess, lines: number): Promise<number> {
  let text = "";
  const ended = once(child, "close");
  child.stdout?.on("data", (part: Buffer) => {
    text += part.toString();
    if (text.split("\n").length > lines) child.kill("SIGKILL");
  });
  await ended;
  return Number(text.split("\n").slice(0, -1).at(-1));
}
