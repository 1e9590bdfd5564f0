/**
 * Backup, change, backup, restore, on a real folder and a vault in memory: what is restored is the source bit for bit, what did
 * not change is not read, and a run that dies is no backup and costs the next one little.
 */
import { mkdir, rm, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { newestManifest } from "../../../adapters/vault/manifests.ts";
import { verifyBackup } from "../../../adapters/vault/verify-backup.ts";
import { memoryVault } from "../../../adapters/vault-memory.ts";
import type { VaultStore } from "../../../core/kernel/ports.ts";
import { compareTrees } from "../../support/compare-trees.ts";
import { noise } from "../../support/noise.ts";
import { backUp, dyingStore, laterClock, restoreNewest, temporaryFolder, testVault, trust } from "../../support/vault.ts";

const { vault, labour } = testVault();
const folder = temporaryFolder();
let source: string;
let store: VaultStore;

beforeEach(async () => {
  source = join(folder(), "source");
  await mkdir(join(source, "chaindata", "empty"), { recursive: true });
  await writeFile(join(source, "chaindata", "000001.ldb"), noise(1, 3_000_000));
  await writeFile(join(source, "chaindata", "copy.ldb"), noise(1, 3_000_000));
  await writeFile(join(source, "node.log"), "imported new segment\n".repeat(20_000));
  store = memoryVault(laterClock);
});

const restored = () => restoreNewest([store], join(folder(), "target"));

describe("a backup of a directory", () => {
  it("restores as it was, and stores equal contents once", async () => {
    const { manifest, skipped } = await backUp(store, source);
    expect(skipped).toEqual([]);
    expect(manifest.counts).toMatchObject({ files: 3, folders: 2, sourceBytes: 6_420_000, readBytes: 6_420_000 });
    expect(manifest.counts.storedBytes).toBeLessThan(3_100_000);
    expect(compareTrees(source, await restored())).toEqual([]);
  });

  it("reads nothing and stores nothing when nothing has changed, and is restored as well", async () => {
    const first = await backUp(store, source);
    const { manifest } = await backUp(store, source);
    expect(manifest).toMatchObject({ sequence: 2, counts: { readBytes: 0, storedBytes: 0, newChunks: 0 } });
    expect(manifest.merkleRoot).toBe(first.manifest.merkleRoot);
    expect(compareTrees(source, await restored())).toEqual([]);
  });

  it("reads and stores only what changed", async () => {
    await backUp(store, source);
    await writeFile(join(source, "chaindata", "000002.ldb"), noise(2, 100_000));
    const { manifest } = await backUp(store, source);
    expect(manifest.counts.readBytes).toBe(100_000);
    expect(manifest.counts.storedBytes).toBeLessThan(110_000);
    expect(compareTrees(source, await restored())).toEqual([]);
  });

  it("reads a file again whose time alone was touched, and stores only its listing for it", async () => {
    await backUp(store, source);
    await utimes(join(source, "chaindata", "000001.ldb"), 1_000, 1_000);
    const { manifest } = await backUp(store, source);
    expect(manifest.counts.readBytes).toBe(3_000_000);
    expect(manifest.counts.storedBytes).toBeLessThan(10_000);
    expect(compareTrees(source, await restored())).toEqual([]);
  });

  it("that died at any put is no backup, and the next run restores as the source is", async () => {
    for (let puts = 0; ; puts += 1) {
      store = memoryVault(laterClock);
      const died = await backUp(dyingStore(store, puts), source).then(
        () => false,
        () => true,
      );
      if (!died) {
        expect(puts).toBeGreaterThanOrEqual(3);
        return;
      }
      expect(await newestManifest(store, "n1.directory", vault.keyring.vault, trust)).toBeNull();
      await backUp(store, source);
      expect(compareTrees(source, await restored())).toEqual([]);
      await rm(join(folder(), "target"), { recursive: true });
    }
  });

  it("of two runs at once is made by one", async () => {
    const runs = await Promise.allSettled([backUp(store, source), backUp(store, source)]);
    expect(runs.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    expect(runs.find(({ status }) => status === "rejected")).toMatchObject({ reason: { name: "InputInvalid" } });
    expect(compareTrees(source, await restored())).toEqual([]);
  });

  it("is verified from its bytes alone", async () => {
    const { manifest } = await backUp(store, source);
    const verified = await verifyBackup({ stores: [store], keyring: vault.keyring, labour }, manifest);
    expect(verified).toMatchObject({ packs: manifest.packs.length });
    expect(verified.plainBytes).toBeGreaterThan(3_420_000);
  });
});
