/** A restore that fails has nobody left who writes; a backup loses nothing of what is sealed side by side. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { Labour, ResultOf, Task } from "../../../adapters/vault/labour.ts";
import { newestManifest } from "../../../adapters/vault/manifests.ts";
import { restoreDirectory } from "../../../adapters/vault/restore-directory.ts";
import { verifyBackup } from "../../../adapters/vault/verify-backup.ts";
import { memoryVault } from "../../../adapters/vault-memory.ts";
import { noise } from "../../support/noise.ts";
import { backUp, laterClock, replaceObject, temporaryFolder, testVault, trust } from "../../support/vault.ts";

const { vault, labour } = testVault();
const folder = temporaryFolder();
const MIB = 1024 * 1024;
const FILES = 14;
const WIDTH = 12;
const GATHERS_MS = 200;

describe("what is under way", () => {
  it("has ended when a restore gives up, so that nothing writes into a file that was closed", async () => {
    const source = join(folder(), "source");
    await mkdir(source);
    const store = memoryVault(laterClock);
    for (const part of [1, 2, 3]) {
      await writeFile(join(source, `part-${part}`), noise(part, 200_000));
      await backUp(store, source);
    }
    const newest = await newestManifest(store, "n1.directory", vault.keyring.vault, trust);
    const manifest = newest?.manifest;
    if (manifest === undefined) throw new Error("there is no backup");
    let opening = 0;
    let opened = 0;
    /** The first pack is refused at once, the others take their time. */
    const slow: Labour = {
      ...labour,
      width: 3,
      run: async <T extends Task>(task: T): Promise<ResultOf<T>> => {
        if (task.kind !== "open") return await labour.run(task);
        opening += 1;
        if (opening > 1) for (let turn = 0; turn < 50; turn += 1) await new Promise((resolve) => setImmediate(resolve));
        const result = await labour.run(task);
        opened += 1;
        return result;
      },
    };
    const [first = ""] = (await store.list("packs/", { limit: 10 })).map(({ key }) => key);
    const got = await store.get(first, { bytesMax: MIB });
    if (got.kind === "absent") throw new Error(`${first} is not there`);
    got.bytes[got.bytes.length >> 1] = (got.bytes[got.bytes.length >> 1] as number) ^ 1;
    const damaged = await replaceObject(store, first, got.bytes);
    await expect(restoreDirectory({ stores: [damaged], keyring: vault.keyring, labour: slow }, manifest, join(folder(), "target"))).rejects.toThrow();
    expect(opened).toBe(opening);
  });

  it("is stored, however much of it is sealed at once and however short it turns out to be", async () => {
    const source = join(folder(), "source");
    await mkdir(source);
    for (let part = 0; part < FILES; part += 1) {
      const lines = Array.from({ length: 3 * MIB }, (_, index) => 97 + (((index * (part + 3)) >> 9) % 23));
      await writeFile(join(source, `part-${part}`), Buffer.concat([noise(part, 1_000), Buffer.from(lines), noise(-part, 1_000)]));
    }
    const store = memoryVault(laterClock);
    const sealing: (() => void)[] = [];
    /** Lets blocks gather before it seals the first, as many threads on a slow machine do. */
    const gathering: Labour = {
      ...labour,
      width: WIDTH,
      run: async <T extends Task>(task: T): Promise<ResultOf<T>> => {
        if (task.kind === "seal") {
          await new Promise<void>((resolve) => {
            sealing.push(resolve);
            setTimeout(() => sealing.splice(0).map((go) => go()), GATHERS_MS);
          });
        }
        return await labour.run(task);
      },
    };
    const { manifest } = await backUp(store, source, { labour: gathering });
    const verified = await verifyBackup({ stores: [store], keyring: vault.keyring, labour }, manifest);
    expect(verified.plainBytes).toBeGreaterThan(FILES * 2 * MIB);
  });
});
