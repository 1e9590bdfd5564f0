import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { Entry } from "../../core/backup/directory/entry.ts";
import { compareTrees } from "../support/compare-trees.ts";
import { attributes, file, hardlink, sub, symlink } from "../support/directory-entries.ts";
import { backUp, type Kept, restoreTo } from "../support/directory-rig.ts";
import { restorePlace } from "../support/restore-place.ts";

const { inside, target, restore } = restorePlace();

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
