import { lstatSync, readdirSync, readFileSync, readlinkSync, statSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { openRestore } from "../../adapters/directory/restore.ts";
import type { Entry } from "../../core/backup/directory/entry.ts";
import { file, hardlink, sub, symlink } from "../support/directory-entries.ts";
import type { Kept } from "../support/directory-rig.ts";
import { restorePlace } from "../support/restore-place.ts";

const { inside, outside, target, restore } = restorePlace();

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
