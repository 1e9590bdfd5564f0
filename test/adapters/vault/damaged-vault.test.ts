/**
 * A damaged vault is never restored from: whatever is flipped, cut off, exchanged, rolled back or taken away has a name, the
 * target stays as it was, and a second store that is whole is used instead, object by object.
 */
import { access, mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { newestManifest } from "../../../adapters/vault/manifests.ts";
import { verifyBackup } from "../../../adapters/vault/verify-backup.ts";
import { memoryVault } from "../../../adapters/vault-memory.ts";
import type { VaultStore } from "../../../core/kernel/ports.ts";
import { compareTrees } from "../../support/compare-trees.ts";
import { noise } from "../../support/noise.ts";
import { backUp, copyOf, laterClock, replaceObject, restoreNewest, temporaryFolder, testVault, trust } from "../../support/vault.ts";

const { vault, labour } = testVault();
const folder = temporaryFolder();
let source: string;
let store: VaultStore;

/** Three packs, since each run that finds something new writes one. */
beforeEach(async () => {
  source = join(folder(), "source");
  await mkdir(source);
  store = memoryVault(laterClock);
  for (const part of [1, 2, 3]) {
    await writeFile(join(source, `part-${part}`), noise(part, 200_000));
    await writeFile(join(source, "growing"), noise("growing", part * 300_000));
    await backUp(store, source);
  }
});

const target = (): string => join(folder(), "target");
const keys = async (prefix: string): Promise<string[]> => (await store.list(prefix, { limit: 1_000 })).map(({ key }) => key);
const bytesOf = async (key: string): Promise<Buffer> => {
  const got = await store.get(key, { bytesMax: 64_000_000 });
  if (got.kind === "absent") throw new Error(`${key} is not there`);
  return got.bytes;
};
const flipped = (bytes: Buffer, at: number): Buffer => {
  const changed = Buffer.from(bytes);
  changed[at] = (changed[at] as number) ^ 1;
  return changed;
};
const refusal = async (from: readonly VaultStore[]): Promise<string> => {
  const refused = await restoreNewest(from, target()).then(
    () => "restored",
    (fault: Error) => fault.name,
  );
  await expect(access(target())).rejects.toThrow();
  return refused;
};

describe("a restore from a damaged vault", () => {
  it("names a pack that was changed anywhere, cut off or taken away", async () => {
    for (const key of await keys("packs/")) {
      const bytes = await bytesOf(key);
      for (const at of [70, bytes.length >> 1]) expect(await refusal([await replaceObject(store, key, flipped(bytes, at))])).toBe("ObjectCorrupt");
      expect(await refusal([await replaceObject(store, key, bytes.subarray(0, bytes.length >> 1))])).toBe("ObjectTruncated");
      expect(await refusal([await replaceObject(store, key, null)])).toBe("ObjectMissing");
    }
  });

  it("names an index and a manifest that were changed, cut off or taken away", async () => {
    for (const key of [...(await keys("indexes/")), ...(await keys("manifests/")).slice(-1)]) {
      const bytes = await bytesOf(key);
      expect(await refusal([await replaceObject(store, key, flipped(bytes, bytes.length >> 1))])).toBe("ObjectCorrupt");
      expect(await refusal([await replaceObject(store, key, bytes.subarray(0, bytes.length >> 1))])).toMatch(/^Object(Truncated|Corrupt)$/);
    }
  });

  it("names two packs that changed places", async () => {
    const [first = "", second = ""] = await keys("packs/");
    const swapped = await replaceObject(await replaceObject(store, first, await bytesOf(second)), second, await bytesOf(first));
    expect(await refusal([swapped])).toBe("ObjectMisplaced");
  });

  it("names two indexes that changed places", async () => {
    const [first = "", second = ""] = await keys("indexes/");
    const swapped = await replaceObject(await replaceObject(store, first, await bytesOf(second)), second, await bytesOf(first));
    expect(await refusal([swapped])).toBe("ObjectMisplaced");
  });

  it("names a manifest that was rolled back, in its place or by taking the newest away", async () => {
    const [first = "", , newest = ""] = await keys("manifests/");
    expect(await refusal([await replaceObject(store, newest, await bytesOf(first))])).toBe("VaultRolledBack");
    const without = await replaceObject(store, newest, null);
    await expect(newestManifest(without, "n1.directory", vault.keyring.vault, trust, 3)).rejects.toMatchObject({ name: "VaultRolledBack" });
  });

  it("names a manifest that somebody else has signed", async () => {
    await expect(newestManifest(store, "n1.directory", vault.keyring.vault, () => ["A".repeat(43)])).rejects.toMatchObject({ name: "ObjectForeign" });
  });

  it("goes on with the next store, object by object, and is whole", async () => {
    const [first = "", second = "", third = ""] = await keys("packs/");
    const here = await replaceObject(await replaceObject(store, first, null), second, flipped(await bytesOf(second), 100));
    const there = await replaceObject(await copyOf(store), third, null);
    expect(compareTrees(source, await restoreNewest([here, there], target()))).toEqual([]);
  });
});

describe("the next backup into a damaged vault", () => {
  it("stores again what a lost index named, says what was lost, and is whole", async () => {
    for (const lost of await keys("indexes/")) {
      const damaged = await replaceObject(store, lost, flipped(await bytesOf(lost), 80));
      const { manifest, faults } = await backUp(damaged, source);
      expect(faults.map(({ name }) => name)).toContain("ObjectCorrupt");
      expect((await verifyBackup({ stores: [damaged], keyring: vault.keyring, labour }, manifest)).packs).toBeGreaterThan(0);
      expect(compareTrees(source, await restoreNewest([damaged], target()))).toEqual([]);
      await rm(target(), { recursive: true });
    }
  });
});
