import { execFileSync } from "node:child_process";
import { once } from "node:events";
import {
  appendFileSync,
  chmodSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeEach, describe, expect, test } from "vitest";
import { readFolder } from "../../adapters/directory/read-folder.ts";
import { seeEntry } from "../../adapters/directory/see-entry.ts";
import { walkDirectory } from "../../adapters/directory/walk.ts";
import type { Visitor } from "../../adapters/directory/walk-options.ts";
import { backUp, type Kept, keepInMemory } from "../support/directory-rig.ts";

const folder = mkdtempSync(join(tmpdir(), "synnergy-walk-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const root = join(folder, "root");
const at = (...names: string[]): string => join(root, ...names);
const make = (text: string, ...names: string[]): void => writeFileSync(at(...names), text);
beforeEach(() => {
  rmSync(root, { recursive: true, force: true });
  mkdirSync(root);
});

const visitor = keepInMemory();
/** The rig's visitor, with something that happens before it reads a file. */
const beforeFile = (happens: (path: string) => unknown): Visitor<Kept> => ({
  ...visitor,
  file: async (path, seen, open) => {
    await happens(path);
    return await visitor.file(path, seen, open);
  },
});
const walkWith = (visit: Visitor<Kept>, width = 1) => walkDirectory(root, visit, { width });

/** All entries below a listing, in the order of the listings. */
function flat(content: Kept, path = ""): { path: string; kind: string; text?: string; to?: string }[] {
  if (!("entries" in content)) throw new Error(`${path} has no listing`);
  return content.entries.flatMap((entry) => {
    const here = path + entry.name;
    if (entry.kind === "folder") return [{ path: here, kind: "folder" }, ...flat(entry.content, `${here}/`)];
    if (entry.kind === "hardlink") return [{ path: here, kind: "hardlink", to: entry.to }];
    if (entry.kind === "file" && "bytes" in entry.content) return [{ path: here, kind: "file", text: entry.content.bytes.toString() }];
    return [{ path: here, kind: entry.kind }];
  });
}

describe("what holds no bytes", () => {
  test("pipes and sockets are named and skipped, and neither hangs the walk", async () => {
    mkdirSync(at("data"));
    make("kept", "data", "file");
    execFileSync("mkfifo", [at("data", "pipe")]);
    const server = createServer().listen(at("node.ipc"));
    await once(server, "listening");
    const { root: kept, skipped, counts } = await backUp(root);
    server.close();
    expect(skipped.map(({ path, reason }) => [path, reason])).toEqual([
      ["data/pipe", "fifo"],
      ["node.ipc", "socket"],
    ]);
    expect(flat(kept).map(({ path }) => path)).toEqual(["data", "data/file"]);
    expect(counts).toEqual({ files: 1, folders: 1, symlinks: 0, hardlinks: 0, bytes: 4 });
  });

  test("a device is seen as one, and never opened", async () => {
    expect(await seeEntry(Buffer.from("/dev/null"))).toMatchObject({ kind: "skipped", reason: "device" });
  });

  test("a pipe that takes a file's name after it was seen does not hang the walk", async () => {
    make("text", "file");
    const { skipped } = await walkWith(
      beforeFile(() => {
        unlinkSync(at("file"));
        execFileSync("mkfifo", [at("file")]);
      }),
    );
    expect(skipped).toMatchObject([{ path: "file", reason: "fifo" }]);
  });
});

describe("what the walk may not see", () => {
  test("is skipped as unreadable, file or folder, and the rest is kept", () => {
    make("secret", "shut");
    mkdirSync(at("closed"));
    make("open", "open");
    mkdirSync(at("inner"));
    make("hidden", "closed", "file");
    for (const name of ["shut", "closed"]) chmodSync(at(name), 0);
    chmodSync(folder, 0o755);
    const script = `
      import { backUp } from ${JSON.stringify(join(import.meta.dirname, "../support/directory-rig.ts"))};
      const { skipped, counts } = await backUp(process.argv[1]);
      console.log(JSON.stringify({ skipped, counts }));`;
    // Root sees everything; "nobody" does not.
    const asNobody = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {};
    const output = execFileSync(process.execPath, ["--input-type=module", "-e", script, root], { ...asNobody, encoding: "utf8" });
    expect(JSON.parse(output)).toMatchObject({
      skipped: [
        { path: "closed", reason: "unreadable", detail: expect.stringContaining("EACCES") },
        { path: "shut", reason: "unreadable" },
      ],
      counts: { files: 1, folders: 1 },
    });
  });

  test("another file system is named and not entered, unless told", async () => {
    const reasons = async (crossFileSystems: boolean) => {
      const seen: string[] = [];
      const visit: Visitor<null> = {
        file: async (path) => ({ kind: "skipped", skipped: { path, reason: "unreadable", detail: "" } }),
        folder: async (path) => {
          seen.push(path);
          return null;
        },
      };
      const { skipped } = await walkDirectory("/dev", visit, { width: 4, crossFileSystems }).catch(() => ({ skipped: [] }));
      return { seen, skipped: skipped.filter(({ reason }) => reason === "other-file-system") };
    };
    const mounted = ["shm", "pts", "mqueue"].filter((name) => existsSync(`/dev/${name}`) && statSync(`/dev/${name}`).dev !== statSync("/dev").dev);
    const { seen, skipped } = await reasons(false);
    expect(skipped.map(({ path }) => path)).toEqual(expect.arrayContaining(mounted));
    for (const name of mounted) {
      expect(seen).not.toContain(name);
      expect((await reasons(true)).seen).toContain(name);
    }
  });

  test("what vanishes between the list and the look is named", async () => {
    make("a", "a");
    mkdirSync(at("b"));
    make("c", "b", "c");
    make("d", "d");
    const remove = (path: string): void => {
      if (path !== "a") return;
      rmSync(at("b"), { recursive: true });
      unlinkSync(at("d"));
    };
    const { root: kept, skipped } = await walkWith(beforeFile(remove));
    expect(skipped.map(({ path, reason }) => [path, reason])).toEqual([
      ["b", "vanished"],
      ["d", "vanished"],
    ]);
    expect(flat(kept).map(({ path }) => path)).toEqual(["a"]);
  });

  test("a root that is no folder, or not there, is an error with its name", async () => {
    make("x", "file");
    await expect(backUp(at("file"))).rejects.toMatchObject({ name: "DirectoryUnreadable" });
    await expect(backUp(at("nowhere"))).rejects.toMatchObject({ name: "DirectoryUnreadable" });
  });
});

describe("symbolic links", () => {
  test("are kept and never followed, be it to folders, to themselves or upwards", async () => {
    for (const [name, target] of Object.entries({ up: "..", self: "self", etc: "/etc", none: "nowhere" })) symlinkSync(target, at(name));
    expect(flat((await backUp(root)).root).map(({ path, kind }) => `${path} ${kind}`)).toEqual([
      "etc symlink",
      "none symlink",
      "self symlink",
      "up symlink",
    ]);
  });

  test("at the root are followed, since somebody named it", async () => {
    make("x", "file");
    symlinkSync(root, join(folder, "alias"));
    expect((await backUp(join(folder, "alias"))).counts.files).toBe(1);
    unlinkSync(join(folder, "alias"));
  });

  test("that take a folder's name while it is walked do not lead the walk away", async () => {
    const outside = join(folder, "outside");
    mkdirSync(outside);
    for (const name of ["a", "b"]) writeFileSync(join(outside, name), "secret");
    mkdirSync(at("data"));
    for (const name of ["a", "b"]) make("ours", "data", name);
    const exchange = (): void => {
      renameSync(at("data"), at("moved"));
      symlinkSync(outside, at("data"));
    };
    const { root: kept } = await walkWith(beforeFile((path) => path === "data/a" && exchange()));
    rmSync(outside, { recursive: true });
    const texts = flat(kept).flatMap(({ path, text }) => (text === undefined ? [] : [[path, text]]));
    expect(texts).toEqual([
      ["data/a", "ours"],
      ["data/b", "ours"],
    ]);
  });
});

describe("a file with several names", () => {
  test("is read once, under the first, at any width", async () => {
    mkdirSync(at("b"));
    make("one", "b", "first");
    for (const name of ["c", "d"]) linkSync(at("b", "first"), at(name));
    for (const width of [1, 8]) {
      let reads = 0;
      const { root: kept } = await walkWith(
        beforeFile(() => (reads += 1)),
        width,
      );
      expect(reads).toBe(1);
      expect(flat(kept).slice(1)).toEqual([
        { path: "b/first", kind: "file", text: "one" },
        { path: "c", kind: "hardlink", to: "b/first" },
        { path: "d", kind: "hardlink", to: "b/first" },
      ]);
    }
  });

  test("is read under the next when the first could not be kept", async () => {
    make("one", "a");
    for (const name of ["b", "c"]) linkSync(at("a"), at(name));
    const visit: Visitor<Kept> = {
      ...visitor,
      file: async (path, seen, open) =>
        path === "a" ? { kind: "skipped", skipped: { path, reason: "changed-while-read", detail: "" } } : await visitor.file(path, seen, open),
    };
    const { root: kept, skipped } = await walkWith(visit, 8);
    expect(skipped.map(({ path }) => path)).toEqual(["a"]);
    expect(flat(kept)).toEqual([
      { path: "b", kind: "file", text: "one" },
      { path: "c", kind: "hardlink", to: "b" },
    ]);
  });

  test("does not lead to bytes of another file that took the first name meanwhile", async () => {
    make("one", "a");
    linkSync(at("a"), at("b"));
    const { root: kept } = await walkWith(
      beforeFile((path) => {
        if (path !== "a") return;
        writeFileSync(at("z"), "other");
        renameSync(at("z"), at("a"));
      }),
    );
    expect(flat(kept)).toEqual([
      { path: "a", kind: "file", text: "other" },
      { path: "b", kind: "file", text: "one" },
    ]);
  });
});

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
