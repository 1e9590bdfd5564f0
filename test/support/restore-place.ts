/** Where a test restores to: a target in a folder of its own, and something precious beside that folder which nothing may touch. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeEach } from "vitest";
import type { Entry } from "../../core/backup/directory/entry.ts";
import { attributes } from "./directory-entries.ts";
import { type Kept, restoreTo } from "./directory-rig.ts";

/** The same paths for each test of the file, made anew for each, removed at the end. */
export function restorePlace() {
  const folder = mkdtempSync(join(tmpdir(), "synnergy-restore-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
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
  return { inside, outside, target, restore: (...entries: Entry<Kept>[]) => restoreTo(target, { root: { entries }, attributes }) };
}
