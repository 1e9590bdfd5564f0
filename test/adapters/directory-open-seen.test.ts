import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeEach, describe, expect, test } from "vitest";
import { openAsSeen, openFile, openFolder } from "../../adapters/directory/open-seen.ts";
import { type SeenFile, type SeenFolder, seeEntry } from "../../adapters/directory/see-entry.ts";

const folder = mkdtempSync(join(tmpdir(), "synnergy-open-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const path = join(folder, "name");
const aside = join(folder, "aside");
beforeEach(() => {
  for (const each of [path, aside]) rmSync(each, { recursive: true, force: true });
});
const at = Buffer.from(path);

async function seen<T extends SeenFile | SeenFolder>(kind: T["kind"]): Promise<T> {
  const look = await seeEntry(at);
  if (look.kind !== kind) throw new Error(`${path} is a ${look.kind}`);
  return look as T;
}

describe("between the look at a name and its opening", () => {
  test.each<[string, () => void]>([
    ["a symbolic link to that very file", () => symlinkSync(aside, path)],
    ["another file", () => writeFileSync(path, "other")],
    ["a pipe that nobody writes", () => execFileSync("mkfifo", [path])],
    ["a folder", () => mkdirSync(path)],
  ])("%s takes a file's name and is not read for it", async (_what, take) => {
    writeFileSync(path, "text");
    const look = await seen<SeenFile>("file");
    renameSync(path, aside);
    take();
    expect(await openAsSeen(at, look)).toEqual({ kind: "replaced" });
  });

  test.each<[string, () => void]>([
    ["a symbolic link to that very folder", () => symlinkSync(aside, path)],
    ["another folder", () => mkdirSync(path)],
    ["a file", () => writeFileSync(path, "")],
    ["a pipe that nobody writes", () => execFileSync("mkfifo", [path])],
  ])("%s takes a folder's name and is not walked for it", async (_what, take) => {
    mkdirSync(path);
    const look = await seen<SeenFolder>("folder");
    renameSync(path, aside);
    take();
    expect(await openFolder(at, look)).toMatchObject({ kind: "skipped", reason: "vanished" });
  });

  test("nothing happens, and it is opened", async () => {
    writeFileSync(path, "text");
    const look = await seen<SeenFile>("file");
    const opened = await openFile(at, look.stamp.device);
    expect(opened).toMatchObject({ kind: "open", seen: { stamp: look.stamp } });
    if (opened.kind === "open") await opened.handle.close();
    expect(await openFile(at, look.stamp.device + 1n)).toMatchObject({ kind: "skipped", reason: "other-file-system" });
  });
});
