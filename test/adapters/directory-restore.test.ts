import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { openRestore } from "../../adapters/directory/restore.ts";
import { secondsOf } from "../../adapters/directory/set-attributes.ts";
import { isRoot } from "../support/arbitrary-trees.ts";
import { attributes, file, sub } from "../support/directory-entries.ts";
import { restoreTo } from "../support/directory-rig.ts";
import { restorePlace } from "../support/restore-place.ts";

const { inside, target, restore } = restorePlace();

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
