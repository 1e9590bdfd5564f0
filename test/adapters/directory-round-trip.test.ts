import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import { arbitraryTree, buildTree, isRoot } from "../support/arbitrary-trees.ts";
import { compareTrees } from "../support/compare-trees.ts";
import { backUp, restoreTo } from "../support/directory-rig.ts";

const folder = mkdtempSync(join(tmpdir(), "synnergy-round-trip-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("a directory that is backed up and restored", () => {
  test("is as it was, whatever its names, holes, links, permissions and times, and nothing is left beside it", async () => {
    let run = 0;
    await fc.assert(
      fc.asyncProperty(arbitraryTree, async (tree) => {
        run += 1;
        const parent = mkdtempSync(join(folder, "run-"));
        const [source, target] = [join(parent, "source"), join(parent, "target")];
        buildTree(source, tree);
        const walked = await backUp(source);
        expect(walked.skipped).toEqual([]);
        await restoreTo(target, walked);
        expect(compareTrees(source, target, { owners: isRoot })).toEqual([]);
        expect(readdirSync(parent).toSorted()).toEqual(["source", "target"]);
        rmSync(parent, { recursive: true });
      }),
      { numRuns: 100 },
    );
    expect(run).toBeGreaterThanOrEqual(100);
  });
});
