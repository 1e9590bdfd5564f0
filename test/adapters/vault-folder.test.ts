/** A folder keeps the vault's contract; and a process that dies at any step of a put leaves an object whole or not at all. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openFolderVault } from "../../adapters/vault-folder.ts";
import { VaultUnavailable } from "../../core/kernel/errors.ts";
import { describeVaultStore } from "./vault-store.contract.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "synnergy-vault-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describeVaultStore("a vault in a folder", async () => {
  const place = join(folder, "contract");
  return { store: await openFolderVault(place), other: await openFolderVault(place) };
});

const KEY = "pack/0a/b";
const TEXT = "whole".repeat(1_000);
/** More than a put has, so that a put that never ends its steps fails the test. */
const STEPS_MAX = 40;

function dieAt(place: string, step: number): NodeJS.Signals | number | null {
  const { signal, status, stderr } = spawnSync(
    process.execPath,
    [join(import.meta.dirname, "vault-folder-crash.ts"), place, KEY, TEXT, String(step)],
    {
      encoding: "utf8",
    },
  );
  if (signal === null && status !== 0) throw new Error(stderr);
  return signal ?? status;
}

describe("a folder whose writer dies", () => {
  it("shows the object whole or not at all, whichever step was the last, and takes it from the next writer", async () => {
    const outcomes: string[] = [];
    for (let step = 1; step <= STEPS_MAX; step += 1) {
      const place = join(folder, `crash-${step}`);
      const ended = dieAt(place, step);
      const vault = await openFolderVault(place);
      const seen = await vault.get(KEY, { bytesMax: TEXT.length });
      expect(seen, `died before step ${step}`).toEqual(seen.kind === "absent" ? seen : { kind: "found", bytes: Buffer.from(TEXT) });
      expect((await vault.list("", { limit: 10 })).map(({ sizeBytes }) => sizeBytes)).toEqual(seen.kind === "absent" ? [] : [TEXT.length]);
      expect(await vault.put(KEY, Buffer.from(TEXT))).toEqual({ kind: seen.kind === "absent" ? "written" : "exists" });
      outcomes.push(seen.kind);
      if (ended === 0) break;
    }
    /** Once visible it stays so, and the last run was not killed: every step had its turn. */
    const visibleFrom = outcomes.indexOf("found");
    expect(visibleFrom).toBeGreaterThan(5);
    expect(outcomes.slice(visibleFrom).every((kind) => kind === "found")).toBe(true);
    expect(outcomes.length).toBeLessThan(STEPS_MAX);
  }, 60_000);

  it("sweeps what such a writer left once it is a day old, and nothing of a writer at work", async () => {
    const place = join(folder, "strays");
    await openFolderVault(place);
    for (const name of ["old", "young"]) writeFileSync(join(place, ".unfinished", name), "half");
    const yesterday = Date.now() / 1_000 - 90_000;
    utimesSync(join(place, ".unfinished", "old"), yesterday, yesterday);
    await openFolderVault(place);
    expect(readdirSync(join(place, ".unfinished"))).toEqual(["young"]);
  });

  it("never calls an object absent that it could not look at", async () => {
    const place = join(folder, "blocked");
    const vault = await openFolderVault(place);
    await vault.put("a/b", Buffer.from("a file, so no folder"));
    await expect(vault.get("a/b/c", { bytesMax: 10 })).rejects.toThrow(VaultUnavailable);
  });
});
