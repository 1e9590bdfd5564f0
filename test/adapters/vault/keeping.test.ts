/** A vault in memory is kept in order for months: proven at the cost of what is new, old backups forgotten, space given back. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { forgetBackups } from "../../../adapters/vault/forget-backups.ts";
import { proveVault } from "../../../adapters/vault/prove-vault.ts";
import { sweepVault } from "../../../adapters/vault/sweep-vault.ts";
import { memoryVault } from "../../../adapters/vault-memory.ts";
import type { Clock, VaultStore } from "../../../core/kernel/ports.ts";
import { compareTrees } from "../../support/compare-trees.ts";
import { noise } from "../../support/noise.ts";
import { backUp, restoreNewest, temporaryFolder, testVault, trust } from "../../support/vault.ts";

const DAY_MS = 86_400_000;
const { vault, labour } = testVault();
const folder = temporaryFolder();
let source: string;
let store: VaultStore;
let nowMs = 0;
const clock: Clock = { wallMs: () => nowMs, monotonicMs: () => nowMs, sleep: async () => {} };
const given = () => ({ store, keyring: vault.keyring, labour, trust, clock, by: "test", periodMs: 30 * DAY_MS, everyMs: DAY_MS });
const forgetting = () => ({ store, vault: vault.keyring.vault, trust, clock });
const packs = async () => (await store.list("packs/", { limit: 1_000 })).length;

beforeEach(async () => {
  nowMs = Date.now() + DAY_MS;
  source = join(folder(), "source");
  await mkdir(source);
  store = memoryVault(clock);
});

/** The one file is other noise each day, so each backup has a pack of its own. */
async function day(content: string): Promise<void> {
  nowMs += DAY_MS + 1;
  await writeFile(join(source, "state"), noise(content, 200_000));
  await backUp(store, source, { clock });
}

describe("a vault that is kept in order", () => {
  it("is proven pack by pack: the second run opens nothing new", async () => {
    await day("one");
    const first = await proveVault(given());
    expect(first).toMatchObject({ plan: { neverProven: 1, again: 0 }, backups: ["n1.directory/1"] });
    await day("two");
    expect(await proveVault(given())).toMatchObject({ plan: { neverProven: 1, again: 1 }, backups: ["n1.directory/2"] });
    expect(await proveVault(given())).toMatchObject({ plan: { neverProven: 0 }, backups: [] });
  });

  it("forgets nothing before something that stays is proven", async () => {
    for (const content of ["one", "two", "three"]) await day(content);
    expect((await forgetBackups(forgetting(), "n1.directory", { countMin: 1, ageMs: 0 })).remove).toEqual([]);
    await proveVault(given());
    const { remove } = await forgetBackups(forgetting(), "n1.directory", { countMin: 1, ageMs: 0 });
    expect(remove.map(({ sequence }) => sequence)).toEqual([2, 1]);
  });

  it("gives the space of forgotten backups back after a day, and what stays is restored as it was", async () => {
    for (const content of ["one", "two", "three"]) await day(content);
    await proveVault(given());
    await forgetBackups(forgetting(), "n1.directory", { countMin: 1, ageMs: 0 });
    nowMs += DAY_MS + 1;
    const sweep = () => sweepVault(store, vault.keyring.vault, trust, clock);
    expect(await sweep()).toMatchObject({ remove: [], freedBytes: 0 });
    expect(await packs()).toBe(3);
    nowMs += DAY_MS + 1;
    expect((await sweep()).freedBytes).toBeGreaterThan(400_000);
    expect(await packs()).toBe(1);
    expect(compareTrees(source, await restoreNewest([store], join(folder(), "target")))).toEqual([]);
    expect((await store.list("sweeps/", { limit: 10 })).length).toBe(1);
  });

  it("stores again what is condemned rather than refer to it", async () => {
    await day("one");
    await day("two");
    await proveVault(given());
    await forgetBackups(forgetting(), "n1.directory", { countMin: 1, ageMs: 0 });
    nowMs += DAY_MS + 1;
    await sweepVault(store, vault.keyring.vault, trust, clock);
    await day("one");
    nowMs += DAY_MS + 1;
    await sweepVault(store, vault.keyring.vault, trust, clock);
    expect(compareTrees(source, await restoreNewest([store], join(folder(), "target")))).toEqual([]);
  });

  it("removes nothing while a manifest cannot be read", async () => {
    await day("one");
    await store.put("manifests/n1.directory/000000000009.json", Buffer.from("{}"));
    await expect(sweepVault(store, vault.keyring.vault, trust, clock)).rejects.toMatchObject({ name: "ObjectCorrupt" });
  });
});
