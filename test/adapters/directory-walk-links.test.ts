import { linkSync, mkdirSync, renameSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { HardLinks } from "../../adapters/directory/hard-links.ts";
import { seeEntry } from "../../adapters/directory/see-entry.ts";
import type { Visitor } from "../../adapters/directory/walk-options.ts";
import { backUp, type Kept } from "../support/directory-rig.ts";
import { beforeFile, flat, visitor, walkRig } from "../support/walk-rig.ts";

const { folder, root, at, make, walkWith } = walkRig();

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

  test("is forgotten once all its names were met, and remembered before", async () => {
    const links = new HardLinks();
    for (let index = 0; index < 20; index += 1) {
      make("", `${index}-a`);
      for (const other of ["b", "c"]) linkSync(at(`${index}-a`), at(`${index}-${other}`));
      for (const [met, name] of ["a", "b", "c"].entries()) {
        const look = await seeEntry(Buffer.from(at(`${index}-${name}`)));
        if (look.kind === "file") links.claim(look).settle(null);
        expect(links.waiting).toBe(met < 2 ? 1 : 0);
      }
    }
  });
});
