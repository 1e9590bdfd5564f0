import { execFileSync } from "node:child_process";
import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import type { Entry } from "../../core/backup/directory/entry.ts";
import { isRoot } from "../support/arbitrary-trees.ts";
import { attributes, file, hardlink, sub } from "../support/directory-entries.ts";
import type { Kept } from "../support/directory-rig.ts";

const folder = mkdtempSync(join(tmpdir(), "synnergy-unprivileged-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const NOBODY = 65_534;

/** Restores as somebody who is not root, in a process of its own where this one is. */
function restoreUnprivileged(target: string, entries: readonly Entry<Kept>[]): void {
  const script = `
    import { restoreTo } from ${JSON.stringify(join(import.meta.dirname, "../support/directory-rig.ts"))};
    const revive = (key, value) => value?.type === "Buffer" ? Buffer.from(value.data) : key.endsWith("Ns") ? BigInt(value) : key === "inode" || key === "device" ? BigInt(value) : value;
    const { target, entries, attributes } = JSON.parse(process.argv[1], revive);
    await restoreTo(target, { root: { entries }, attributes });`;
  const given = JSON.stringify({ target, entries, attributes }, (_key, value) => (typeof value === "bigint" ? String(value) : value));
  execFileSync(process.execPath, ["--input-type=module", "-e", script, given], isRoot ? { uid: NOBODY, gid: NOBODY } : {});
}

describe("a restore by somebody who is not root", () => {
  test("makes folders that nobody may enter, with all that is below them, and leaves what is its own", () => {
    chmodSync(folder, 0o755);
    const parent = join(folder, "parent");
    mkdirSync(parent);
    if (isRoot) chownSync(parent, NOBODY, NOBODY);
    const shut = { ...sub("shut", { ...sub("inner", file("deep")), mode: 0o000 } as Entry<Kept>, file("b")), mode: 0o000 } as Entry<Kept>;
    const target = join(parent, "target");
    restoreUnprivileged(target, [shut, file("a"), hardlink("c", "shut/b")]);
    expect(statSync(join(target, "shut")).mode & 0o7777).toBe(0);
    chmodSync(join(target, "shut"), 0o700);
    expect(statSync(join(target, "shut", "inner")).mode & 0o7777).toBe(0);
    expect(statSync(join(target, "shut", "inner")).mtimeMs).toBe(Number(attributes.mtimeNs / 1_000_000n));
    chmodSync(join(target, "shut", "inner"), 0o700);
    expect(statSync(join(target, "shut", "inner", "deep")).size).toBe(4);
    expect(statSync(join(target, "c")).ino).toBe(statSync(join(target, "shut", "b")).ino);
    if (isRoot) expect(statSync(join(target, "a")).uid).toBe(NOBODY);
  });
});
