/** The vault's command line, on real folders: what a new user types works, and what goes wrong is one sentence and a code. */
import { access, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it, vi } from "vitest";
import { EXIT } from "../../cli/exit-codes.ts";
import { runVault } from "../../cli/vault/program.ts";
import { compareTrees } from "../support/compare-trees.ts";
import { noise } from "../support/noise.ts";
import { temporaryFolder } from "../support/vault.ts";

const folder = temporaryFolder();
const inside = (name: string): string => join(folder(), name);

async function vault(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const written = { out: "", err: "" };
  const stream = (name: "out" | "err") => ({ write: (text: string) => (written[name] += text) });
  const code = await runVault([...args, "--vault", inside("vault")], { out: stream("out"), err: stream("err") });
  return { code, ...written };
}

async function setUp(): Promise<string[]> {
  await writeFile(inside("passphrase"), "correct horse\n");
  await mkdir(inside("source"));
  await writeFile(inside("source/state.db"), noise(1, 500_000));
  const key = ["--passphrase-file", inside("passphrase")];
  expect(await vault("init", ...key)).toMatchObject({ code: EXIT.ok });
  return key;
}

describe("vault", () => {
  it("backs up, lists, verifies and restores", async () => {
    const key = await setUp();
    expect(await vault("backup", inside("source"), ...key)).toMatchObject({
      code: EXIT.ok,
      out: expect.stringContaining("Backup 1 of node: 1 file, 488.3 KiB"),
    });
    expect((await vault("list", ...key)).out).toMatch(/^ {5}1 {2}\d{4}-/);
    expect((await vault("verify", ...key)).out).toContain("Backup 1 of node is whole: 1 pack,");
    expect(await vault("restore", inside("target"), ...key)).toMatchObject({ code: EXIT.ok });
    expect(compareTrees(inside("source"), inside("target"))).toEqual([]);
  });

  it("opens under a new passphrase and not under the old one, once it was changed", async () => {
    const key = await setUp();
    await vault("backup", inside("source"), ...key);
    await writeFile(inside("new"), "battery staple");
    expect(await vault("rotate", "--new-passphrase-file", inside("new"), "--new-data-key", ...key)).toMatchObject({ code: EXIT.ok });
    expect((await vault("verify", ...key)).err).toMatch(/00000002\.json cannot be opened: the lock "passphrase"/);
    expect(await vault("backup", inside("source"), "--full", "--passphrase-file", inside("new"))).toMatchObject({ code: EXIT.ok });
    expect(await vault("verify", "--passphrase-file", inside("new"))).toMatchObject({ code: EXIT.ok });
  });

  it("proves, forgets only beside a proven backup that stays, and sweeps", async () => {
    const key = await setUp();
    await vault("backup", inside("source"), ...key);
    await vault("backup", inside("source"), ...key);
    expect((await vault("forget", "--keep", "1", ...key)).out).toContain("0 backups of node removed, 2 kept.");
    expect((await vault("prove", ...key)).out).toContain("1 new pack and 0 again");
    expect((await vault("forget", "--keep", "1", ...key)).out).toContain("removed 1: older than is asked for, and backup 2 is proven");
    expect((await vault("sweep", ...key)).out).toMatch(/0 condemned, 0 removed, 0 spared\. 0 B freed/);
    expect(await vault("forget", ...key)).toMatchObject({ code: EXIT.usage, err: expect.stringContaining("--keep") });
    expect(await vault("forget", "--days", "-1", ...key)).toMatchObject({ code: EXIT.usage });
  });

  it("takes its options from its own variables, and minds nobody else's", async () => {
    const [, file = ""] = await setUp();
    vi.stubEnv("HAVAULT_PASSPHRASE_FILE", file);
    vi.stubEnv("SYNNERGY_FLEET", "testnet");
    expect(await vault("list")).toMatchObject({ code: EXIT.ok, out: "There is no backup of node here yet.\n" });
    vi.unstubAllEnvs();
  });

  it("says in one sentence what is wrong, and leaves everything as it was", async () => {
    const key = await setUp();
    expect(await vault("init", ...key)).toMatchObject({ code: EXIT.usage, err: expect.stringContaining("there is a vault already") });
    expect(await vault("verify", ...key)).toMatchObject({ code: EXIT.usage, err: expect.stringContaining("there is no backup of node") });
    expect(await vault("backup", inside("nowhere"), ...key)).toMatchObject({ code: EXIT.failed, err: expect.stringContaining("cannot be read") });
    await vault("backup", inside("source"), ...key);
    expect(await vault("restore", inside("source"), ...key)).toMatchObject({ code: EXIT.failed, err: expect.stringContaining("is not empty") });
    expect(await vault("lst", ...key)).toMatchObject({ code: EXIT.usage });
    const elsewhere = await runVault(["list", "--vault", inside("elsewhere"), ...key], { out: { write: () => {} }, err: { write: () => {} } });
    expect(elsewhere).toBe(EXIT.usage);
    await expect(access(inside("elsewhere"))).rejects.toThrow();
  });
});
