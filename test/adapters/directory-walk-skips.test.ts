import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { chmodSync, existsSync, mkdirSync, rmSync, statSync, unlinkSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { seeEntry } from "../../adapters/directory/see-entry.ts";
import { walkDirectory } from "../../adapters/directory/walk.ts";
import type { Visitor } from "../../adapters/directory/walk-options.ts";
import { backUp } from "../support/directory-rig.ts";
import { beforeFile, flat, walkRig } from "../support/walk-rig.ts";

const { folder, root, at, make, walkWith } = walkRig();

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
