/** A restore that fails has nobody left who writes. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { Labour, ResultOf, Task } from "../../../adapters/vault/labour.ts";
import { newestManifest } from "../../../adapters/vault/manifests.ts";
import { restoreDirectory } from "../../../adapters/vault/restore-directory.ts";
import { memoryVault } from "../../../adapters/vault-memory.ts";
import { noise } from "../../support/noise.ts";
import { backUp, laterClock, replaceObject, temporaryFolder, testVault, trust } from "../../support/vault.ts";

const { vault, labour } = testVault();
const folder = temporaryFolder();
const MIB = 1024 * 1024;

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
});
