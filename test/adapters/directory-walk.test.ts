import { execFileSync } from "node:child_process";
import { appendFileSync, existsSync, mkdirSync, writeFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { readFolder } from "../../adapters/directory/read-folder.ts";
import type { Visitor } from "../../adapters/directory/walk-options.ts";
import { backUp, type Kept } from "../support/directory-rig.ts";
import { beforeFile, visitor, walkRig } from "../support/walk-rig.ts";

const { root, at, make, walkWith } = walkRig();

describe("the walk", () => {
  test("lists names in the order of their bytes, whatever the width, and tells of a folder after all that is below it", async () => {
    const names = ["B", "a", "b.d", "b", "\xff", "c\xc3\xa9", "10", "9"].map((name) => Buffer.from(name, "latin1"));
    for (const name of names) writeFileSync(Buffer.concat([Buffer.from(`${root}/`), name]), "");
    mkdirSync(at("aa", "deep"), { recursive: true });
    for (let index = 0; index < 70; index += 1) make("", "aa", `file-${String(index).padStart(2, "0")}`);
    make("", "aa", "deep", "leaf");
    for (const width of [1, 3, 50]) {
      const ended: string[] = [];
      const open = new Set<string>();
      let widest = 0;
      const visit: Visitor<Kept> = {
        file: async (path, seen, openIt) => {
          open.add(path);
          widest = Math.max(widest, open.size);
          const kept = await visitor.file(path, seen, openIt);
          open.delete(path);
          ended.push(path);
          return kept;
        },
        folder: async (path, entries) => {
          const below = entries.flatMap(({ kind, name }) => (kind === "file" || kind === "folder" ? [path === "" ? name : `${path}/${name}`] : []));
          expect(ended).toEqual(expect.arrayContaining(below));
          ended.push(path);
          return { entries };
        },
      };
      const { root: kept } = await walkWith(visit, width);
      expect(widest).toBeLessThanOrEqual(width);
      expect(widest).toBeGreaterThan(width === 1 ? 0 : 1);
      const listed = "entries" in kept ? kept.entries.map(({ name }) => name) : [];
      expect(listed).toEqual(["10", "9", "B", "a", "aa", "b", "b.d", "c\xc3\xa9", "\xff"]);
      expect(ended.at(-1)).toBe("");
    }
  });

  test("ends with a visit's error once the other visits have ended, and begins no more", async () => {
    for (let index = 0; index < 50; index += 1) make("", `f${index}`);
    let [begun, running] = [0, 0];
    const visit = beforeFile(async (path) => {
      begun += 1;
      running += 1;
      await new Promise((resolve) => setImmediate(resolve));
      running -= 1;
      if (path === "f10") throw new Error("the vault is full");
    });
    await expect(walkWith(visit, 4)).rejects.toThrow("the vault is full");
    expect(running).toBe(0);
    expect(begun).toBeLessThan(20);
  });

  test("ends when it is told to", async () => {
    make("", "a");
    await expect(backUp(root, { signal: AbortSignal.abort(new Error("enough")) })).rejects.toThrow("enough");
  });

  test.each([
    ["depth", { depthMax: 2 }],
    ["entries in a folder", { entriesPerFolderMax: 4 }],
    ["bytes of path", { pathBytesMax: 6 }],
    ["entries skipped", { skippedMax: 0 }],
  ])("refuses a directory beyond its limit of %s, with the limit's name", async (_what, limits) => {
    mkdirSync(at("a", "b", "c", "d"), { recursive: true });
    for (const name of ["1", "2", "3", "4"]) make("", name);
    execFileSync("mkfifo", [at("a", "pipe")]);
    await expect(backUp(root, { limits })).rejects.toMatchObject({ name: "DirectoryBeyondLimits" });
    expect((await backUp(root, { limits: { depthMax: 4, entriesPerFolderMax: 5, pathBytesMax: 9, skippedMax: 1 } })).counts.folders).toBe(4);
  });

  test("leaves no file open behind it", async () => {
    mkdirSync(at("a", "b"), { recursive: true });
    make("x", "a", "b", "c");
    const count = async (): Promise<number> => {
      const list = await readFolder(Buffer.from("/proc/self/fd"), { entriesMax: 10_000, shown: "" });
      if (list.kind === "skipped") throw new Error(list.detail);
      await list.close();
      return list.names.length;
    };
    if (!existsSync("/proc/self/fd")) return;
    const before = await count();
    await backUp(root);
    await walkWith(beforeFile(() => appendFileSync(at("a", "b", "c"), "more"))).catch(() => {});
    expect(await count()).toBe(before);
  });
});
