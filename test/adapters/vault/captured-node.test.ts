/**
 * One captured node writes rubbish under the ids of contents that it knows the others to have. Its own backups are refused; nobody
 * else's refer to it, unless its packs were verified, which rubbish never is.
 */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import type { Labour } from "../../../adapters/vault/labour.ts";
import { verifyBackup } from "../../../adapters/vault/verify-backup.ts";
import { memoryVault } from "../../../adapters/vault-memory.ts";
import type { VaultStore } from "../../../core/kernel/ports.ts";
import { compareTrees } from "../../support/compare-trees.ts";
import { noise } from "../../support/noise.ts";
import { backUp, laterClock, restoreNewest, temporaryFolder, testVault } from "../../support/vault.ts";

const { vault, labour } = testVault();
const folder = temporaryFolder();
let store: VaultStore;
let source: string;
beforeEach(async () => {
  store = memoryVault(laterClock);
  source = join(folder(), "source");
  await mkdir(source);
  await writeFile(join(source, "state"), noise("state", 300_000));
});

/** Names every chunk as the honest do, and seals rubbish in the place of data; its listings are in order. */
const captured: Labour = {
  ...labour,
  run: async (task) => {
    if (task.kind === "seal" && task.content.length > 100_000) task.content.fill(7);
    return await labour.run(task);
  },
};
const verify = async (manifest: Awaited<ReturnType<typeof backUp>>["manifest"]) =>
  await verifyBackup({ stores: [store], keyring: vault.keyring, labour }, manifest);

describe("a captured node's rubbish", () => {
  it("is refused when it is verified", async () => {
    const { manifest } = await backUp(store, source, { node: "n2", labour: captured });
    await expect(verify(manifest)).rejects.toMatchObject({ name: "ObjectCorrupt" });
  });

  it("is in nobody else's backup", async () => {
    await backUp(store, source, { node: "n2", labour: captured });
    const { manifest } = await backUp(store, source);
    expect(new Set(manifest.packs.map(({ writer }) => writer))).toEqual(new Set(["n1"]));
    expect(compareTrees(source, await restoreNewest([store], join(folder(), "target")))).toEqual([]);
    expect((await backUp(store, source)).manifest.counts).toMatchObject({ readBytes: 0, storedBytes: 0 });
  });
});

describe("an honest node's packs", () => {
  it("serve another's backup once they were verified, and are then not stored again", async () => {
    const theirs = await backUp(store, source, { node: "n2" });
    await verify(theirs.manifest);
    const { manifest } = await backUp(store, source, { verified: theirs.manifest.indexes });
    expect(manifest.counts).toMatchObject({ newChunks: 0, storedBytes: 0 });
    expect(new Set(manifest.packs.map(({ writer }) => writer))).toEqual(new Set(["n2"]));
    expect(compareTrees(source, await restoreNewest([store], join(folder(), "target")))).toEqual([]);
    expect((await backUp(store, source)).manifest.counts).toMatchObject({ readBytes: 0, storedBytes: 0 });
  });
});
