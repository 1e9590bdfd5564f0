import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeEach, describe, expect, test } from "vitest";
import { openRestore } from "../../adapters/directory/restore.ts";
import { secondsOf } from "../../adapters/directory/set-attributes.ts";
import type { Attributes, Entry, FileEntry } from "../../core/backup/directory/entry.ts";
import { isRoot } from "../support/arbitrary-trees.ts";
import { compareTrees } from "../support/compare-trees.ts";
import { backUp, type Kept, restoreTo } from "../support/directory-rig.ts";

const folder = mkdtempSync(join(tmpdir(), "synnergy-restore-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
/** Everything around the target; the target's own folder is `inside`. */
const inside = join(folder, "inside");
const outside = join(folder, "outside");
const target = join(inside, "target");

beforeEach(() => {
  for (const path of [inside, outside]) {
    rmSync(path, { recursive: true, force: true });
    mkdirSync(path);
  }
  writeFileSync(join(outside, "precious"), "precious");
});

const attributes: Attributes = {
  mode: 0o755,
  userId: process.getuid?.() ?? 0,
  groupId: process.getgid?.() ?? 0,
  mtimeNs: 1_700_000_000_000_000_000n,
};
const file = (name: string, text = "text"): FileEntry<Kept> => ({
  kind: "file",
  name,
  ...attributes,
  lengthBytes: text.length,
  holes: [],
  stamp: { sizeBytes: text.length, mtimeNs: 0n, ctimeNs: 0n, inode: 1n, device: 1n },
  content: { bytes: Buffer.from(text) },
});
const sub = (name: string, ...entries: Entry<Kept>[]): Entry<Kept> => ({ kind: "folder", name, ...attributes, content: { entries } });
const symlink = (name: string, to: string): Entry<Kept> => ({ kind: "symlink", name, ...attributes, target: to });
const hardlink = (name: string, to: string): Entry<Kept> => ({ kind: "hardlink", name, to });
const restore = (...entries: Entry<Kept>[]) => restoreTo(target, { root: { entries }, attributes });

describe("a hostile listing", () => {
  test.each<[string, Entry<Kept>[]]>([
    ["a name that climbs", [file("../outside/planted")]],
    ["..", [file("..")]],
    ["a folder that climbs", [sub("..", file("planted"))]],
    ["a name from the machine's root", [file(`${outside}/planted`)]],
    ["no name", [file("")]],
    ["a NUL in a name", [file("a\0b")]],
    ["a symbolic link and a folder of one name", [symlink("door", outside), sub("door", file("planted"))]],
    ["a folder and a symbolic link of one name", [sub("door", file("planted")), symlink("door", outside)]],
    ["a symbolic link and a file of one name", [symlink("precious", join(outside, "precious")), file("precious", "changed")]],
    ["a hard link to a file outside", [hardlink("mine", "../../outside/precious")]],
    ["a hard link through a symbolic link", [symlink("door", outside), hardlink("mine", "door/precious")]],
    ["a hard link to a symbolic link", [symlink("door", join(outside, "precious")), hardlink("mine", "door")]],
    ["a hard link to a folder", [sub("a"), hardlink("mine", "a")]],
    ["a hard link to itself", [hardlink("mine", "mine")]],
    ["a hard link to nothing", [hardlink("mine", "nowhere")]],
    ["a hole beyond the end", [{ ...file("a"), holes: [{ offset: 0, length: 99 }] }]],
    ["a file longer than any", [{ ...file("a"), lengthBytes: Number.POSITIVE_INFINITY }]],
  ])("with %s is refused, touches nothing outside and leaves nothing behind", async (_what, entries) => {
    await expect(restore(file("good"), ...entries)).rejects.toMatchObject({ name: "DirectoryListingRefused" });
    expect(readdirSync(inside)).toEqual([]);
    expect(readdirSync(outside)).toEqual(["precious"]);
    expect(readFileSync(join(outside, "precious"), "utf8")).toBe("precious");
    expect(lstatSync(join(outside, "precious")).nlink).toBe(1);
  });

  test("cannot have a folder added that no listing has named, or one twice, or below a symbolic link", async () => {
    const started = await openRestore(target);
    await started.addFolder("", [sub("a"), symlink("door", outside)]);
    for (const path of ["", "b", "door", "../outside", "a/../../outside"]) {
      await expect(started.addFolder(path, [file("planted")])).rejects.toMatchObject({ name: "DirectoryListingRefused" });
    }
    await started.abandon();
    expect(readdirSync(inside)).toEqual([]);
  });

  test("cannot have a file opened twice", async () => {
    const started = await openRestore(target);
    const { files } = await started.addFolder("", [file("a")]);
    await (await files[0]?.open())?.close();
    await expect(files[0]?.open()).rejects.toMatchObject({ name: "DirectoryListingRefused" });
    await started.abandon();
  });

  test("of symbolic links that point anywhere is restored as it is, and none is followed for its owner, mode or time", async () => {
    const before = statSync(join(outside, "precious"));
    await restore(symlink("a", join(outside, "precious")), symlink("b", ".."), symlink("c", "c"));
    expect(readlinkSync(join(target, "a"))).toBe(join(outside, "precious"));
    const after = statSync(join(outside, "precious"));
    expect([after.mtimeMs, after.ctimeMs, after.mode]).toEqual([before.mtimeMs, before.ctimeMs, before.mode]);
  });
});

describe("the target", () => {
  test.each<[string, () => void, string]>([
    [
      "is a folder with something in it",
      () => {
        mkdirSync(target);
        writeFileSync(join(target, "mine"), "");
      },
      "not empty",
    ],
    ["is a file", () => writeFileSync(target, "mine"), "not a folder"],
    ["is a symbolic link to an empty folder", () => symlinkSync(inside, target), "not a folder"],
    ["has another restore's unfinished folder beside it", () => mkdirSync(join(inside, ".target.restoring")), "another restore"],
  ])("is left as it is when it %s", async (_what, prepare, reason) => {
    prepare();
    const before = readdirSync(inside, { recursive: true });
    await expect(restore(file("a"))).rejects.toThrow(reason);
    expect(readdirSync(inside, { recursive: true })).toEqual(before);
  });

  test("may be an empty folder", async () => {
    mkdirSync(target);
    await restore(file("a"));
    expect(readFileSync(join(target, "a"), "utf8")).toBe("text");
  });

  test("that somebody fills meanwhile is not replaced, and what was restored stays", async () => {
    const started = await openRestore(target);
    await started.addFolder("", []);
    mkdirSync(target);
    writeFileSync(join(target, "mine"), "");
    await expect(started.finish(attributes)).rejects.toMatchObject({ name: "RestoreTargetRefused" });
    expect(readdirSync(inside)).toEqual([".target.restoring", "target"]);
    expect(readdirSync(target)).toEqual(["mine"]);
    await started.abandon();
    expect(readdirSync(inside)).toEqual(["target"]);
  });

  test("is not there before the end, and what is being built is its owner's alone", async () => {
    const started = await openRestore(target);
    const { files } = await started.addFolder("", [file("a"), sub("b")]);
    expect(existsSync(target)).toBe(false);
    expect(statSync(join(inside, ".target.restoring")).mode & 0o777).toBe(0o700);
    expect(statSync(join(inside, ".target.restoring", "b")).mode & 0o777).toBe(0o700);
    expect(files).toHaveLength(1);
    await expect(started.finish(attributes)).rejects.toMatchObject({ name: "RestoreUnfinished" });
    expect(existsSync(target)).toBe(false);
    await started.abandon();
  });

  test("takes the place of an earlier restore's leftovers only when told", async () => {
    mkdirSync(join(inside, ".target.restoring"));
    writeFileSync(join(inside, ".target.restoring", "half"), "");
    await restoreTo(target, { root: { entries: [file("a")] }, attributes }, { discardUnfinished: true });
    expect(readdirSync(inside)).toEqual(["target"]);
    expect(readdirSync(target)).toEqual(["a"]);
  });

  test("is not put in place when its unfinished folder was exchanged for another", async () => {
    const started = await openRestore(target);
    await started.addFolder("", []);
    rmSync(join(inside, ".target.restoring"), { recursive: true });
    mkdirSync(join(inside, ".target.restoring"));
    await expect(started.finish(attributes)).rejects.toThrow("exchanged");
    await started.abandon();
    expect(readdirSync(inside)).toEqual([".target.restoring"]);
  });
});

describe("a restored file", () => {
  test("is its length at once and its holes take no room", async () => {
    const started = await openRestore(target);
    const sparse = { ...file("huge"), lengthBytes: 2 ** 40 + 1, holes: [{ offset: 0, length: 2 ** 40 }] };
    const { files } = await started.addFolder("", [sparse]);
    const opened = await files[0]?.open();
    writeSync(opened?.fd ?? -1, "x", 2 ** 40);
    await opened?.close();
    await started.finish(attributes);
    const { size, blocks } = statSync(join(target, "huge"));
    expect(size).toBe(2 ** 40 + 1);
    expect(blocks * 512).toBeLessThan(1024 * 1024);
  });

  test("whose bytes could not be written does not count as restored", async () => {
    const started = await openRestore(target);
    const { files } = await started.addFolder("", [file("a")]);
    await (await files[0]?.open())?.abandon();
    await expect(started.finish(attributes)).rejects.toMatchObject({ name: "RestoreUnfinished" });
    await started.abandon();
  });

  test("whose content runs past its listed length is refused", async () => {
    const started = await openRestore(target);
    const { files } = await started.addFolder("", [file("a")]);
    const opened = await files[0]?.open();
    writeSync(opened?.fd ?? -1, "more than text", 0);
    await expect(opened?.close()).rejects.toThrow("14 bytes of the 4");
    await started.abandon();
  });

  test("of another owner has no set-user bit when owners cannot be kept", async () => {
    const theirs = { ...file("a"), mode: 0o6755, userId: 12_345 };
    await restoreTo(target, { root: { entries: [theirs, { ...file("b"), mode: 0o4755 }] }, attributes }, { asRoot: false });
    expect(statSync(join(target, "a")).mode & 0o7777).toBe(0o755);
    expect(statSync(join(target, "b")).mode & 0o7777).toBe(0o4755);
    if (isRoot) expect(statSync(join(target, "a")).uid).toBe(process.getuid?.());
  });

  test("has a time that is its own to the quarter of a microsecond, before 1970 too", () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -2_000_000_000_000_000_000n, max: 4_000_000_000_000_000_000n }), (mtimeNs) => {
        const seconds = secondsOf(mtimeNs);
        expect(BigInt(seconds.replace(".", ""))).toBe(mtimeNs);
      }),
    );
  });
});

const HOLES: Entry<Kept> = { ...file("sparse", ""), lengthBytes: 1_000_000, holes: [{ offset: 0, length: 1_000_000 }] };

describe("the comparison of two directories", () => {
  const entries = { a: file("a"), link: symlink("link", "x"), other: hardlink("other", "a"), sparse: HOLES };

  test.each<[string, Partial<Record<string, Entry<Kept>>>]>([
    ["length", { a: file("a", "longer than before") }],
    ["other bytes from 1 on", { a: file("a", "tExt") }],
    ["mode", { a: { ...file("a"), mode: 0o600 } }],
    ["mtime", { a: { ...file("a"), mtimeNs: attributes.mtimeNs + 2_000n } }],
    ["is only in", { more: file("more") }],
    ["is a symbolic link | file", { link: file("link") }],
    ["target", { link: symlink("link", "elsewhere") }],
    ["is one file with", { other: file("other") }],
    ["has lost holes", { sparse: { ...file("sparse", "\0".repeat(1_000_000)) } }],
  ])("tells of %j and of nothing when there is nothing", async (told, changed) => {
    const [one, same, other] = [join(inside, "one"), join(inside, "same"), join(inside, "other")];
    for (const path of [one, same]) await restoreTo(path, { root: { entries: Object.values(entries) }, attributes });
    await restoreTo(other, { root: { entries: Object.values({ ...entries, ...changed }) as Entry<Kept>[] }, attributes });
    expect(compareTrees(one, same)).toEqual([]);
    expect(compareTrees(one, other)).toEqual(expect.arrayContaining([expect.stringContaining(told)]));
  });

  test("finds nothing between a directory and the restore of its backup", async () => {
    await restore(file("a"), sub("b", file("c")));
    await restoreTo(join(inside, "again"), await backUp(target));
    expect(compareTrees(target, join(inside, "again"))).toEqual([]);
  });
});
