/**
 * Any directories, backed up one after the other into one vault, by threads: every backup, not only the newest, restores to what
 * its source was, is verified, and a second backup of the same source stores nothing and has the same root.
 */
import { appendFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { labourOnThreads } from "../../../adapters/vault/labour-threads.ts";
import { listSequences, readManifest } from "../../../adapters/vault/manifests.ts";
import { restoreDirectory } from "../../../adapters/vault/restore-directory.ts";
import { verifyBackup } from "../../../adapters/vault/verify-backup.ts";
import { memoryVault } from "../../../adapters/vault-memory.ts";
import { arbitraryTree, buildTree, isRoot } from "../../support/arbitrary-trees.ts";
import { compareTrees } from "../../support/compare-trees.ts";
import { noise } from "../../support/noise.ts";
import { backUp, laterClock, temporaryFolder, testVault, trust } from "../../support/vault.ts";

const { vault } = testVault();
const { keyring } = vault;
const labour = labourOnThreads(keyring, 2);
afterAll(() => labour.close());
const folder = temporaryFolder();

/** More chunks than stand in a listing, the same for all but for what stands in front. */
const large = fc.record({ front: fc.nat({ max: 3_000 }), length: fc.integer({ min: 500_000, max: 1_500_000 }) });

describe("a vault of several backups", () => {
  it("restores each of them as its source was", { timeout: 120_000 }, async () => {
    let run = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(fc.record({ tree: arbitraryTree, large, twice: fc.boolean() }), { minLength: 1, maxLength: 3 }), async (sources) => {
        run += 1;
        const place = (name: string): string => join(folder(), `${run}-${name}`);
        const store = memoryVault(laterClock);
        const expected: string[] = [];
        for (const [index, each] of sources.entries()) {
          const source = place(`source-${index}`);
          buildTree(source, each.tree);
          appendFileSync(join(source, "large.db"), Buffer.concat([noise(index, each.large.front), noise("shared", each.large.length)]));
          const { manifest, skipped } = await backUp(store, source, { labour });
          expect(skipped).toEqual([]);
          expected.push(source);
          if (!each.twice) continue;
          const again = await backUp(store, source, { labour });
          expect(again.manifest).toMatchObject({ merkleRoot: manifest.merkleRoot, counts: { newChunks: 0, storedBytes: 0 } });
          expected.push(source);
        }
        const sequences = await listSequences(store, "n1.directory");
        expect(sequences).toEqual(expected.map((_, index) => index + 1));
        for (const [index, sequence] of sequences.entries()) {
          const { manifest } = await readManifest(store, "n1.directory", sequence, keyring.vault, trust);
          await verifyBackup({ stores: [store], keyring, labour }, manifest);
          const target = place(`target-${sequence}`);
          await restoreDirectory({ stores: [store], keyring, labour }, manifest, target);
          expect(compareTrees(expected[index] ?? "", target, { owners: isRoot })).toEqual([]);
          rmSync(target, { recursive: true });
        }
        for (const source of new Set(expected)) rmSync(source, { recursive: true });
      }),
      { numRuns: 25 },
    );
    expect(run).toBeGreaterThanOrEqual(25);
  });
});
