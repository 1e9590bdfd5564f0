/** From where a backup is restored when Regions are lost. */
import fc from "fast-check";
import { beforeEach, describe, expect, it } from "vitest";
import { newestCompleteCopy } from "../../../adapters/vault/complete-copies.ts";
import type { SourceName } from "../../../core/backup/vault/manifest.ts";
import { keyringMade, type Made, manifestMade, packMade, putAll, type RegionForTest, regionForTest } from "../../support/replicas.ts";
import { trust } from "../../support/vault.ts";
import { VAULT } from "../../support/vault-objects.ts";

const SOURCE = "n1.directory" as SourceName;
const PACKS = [1, 2, 3].map((seed) => packMade(seed));
const MANIFESTS = [1, 2, 3].map((sequence) => manifestMade({ sequence, packs: PACKS.slice(0, sequence), indexes: [] }));
const EVERYTHING: readonly Made[] = [keyringMade(1), ...PACKS, ...MANIFESTS];
let region: RegionForTest;
beforeEach(() => {
  region = regionForTest("eu-west-1");
});
const newest = async (there: RegionForTest = region) =>
  await newestCompleteCopy({ stores: [regionForTest("us-east-1"), there], vault: Buffer.from(VAULT, "hex"), trust }, "eu-west-1", SOURCE);

describe("the newest complete copy in a Region", () => {
  it("is the newest backup of which that Region has everything, and there is none exactly when there is no such backup", async () => {
    await fc.assert(
      fc.asyncProperty(fc.subarray([...EVERYTHING]), async (there) => {
        const place = regionForTest("eu-west-1");
        await putAll(place.store, there);
        const keys = new Set(there.map(({ key }) => key));
        const whole = [1, 2, 3].filter((sequence) =>
          [...PACKS.slice(0, sequence), keyringMade(1), MANIFESTS[sequence - 1] as Made].every(({ key }) => keys.has(key)),
        );
        const found = await newest(place);
        expect(found.kind === "complete" ? found.stored.manifest.sequence : 0).toBe(whole.at(-1) ?? 0);
      }),
    );
  });

  it("passes over a newer one whose manifest is damaged or whose pack is too short, and says so", async () => {
    const [, second, third] = MANIFESTS as [Made, Made, Made];
    const changed = new Map([
      [third.key, third.bytes.subarray(0, 100)],
      [(PACKS[1] as Made).key, (PACKS[1] as Made).bytes.subarray(1)],
    ]);
    await putAll(
      region.store,
      EVERYTHING.map(({ key, bytes }) => ({ key, bytes: changed.get(key) ?? bytes })),
    );
    const found = await newest();
    expect(found).toMatchObject({ kind: "complete", stored: { manifest: { sequence: 1 } }, replica: { region: "eu-west-1" } });
    expect(found.kind === "complete" && found.passedOver).toEqual([
      expect.stringContaining(third.key),
      expect.stringContaining("backup 2 of n1.directory"),
    ]);
    expect(second.key).toContain("2.json");
  });

  it("is not looked for in a Region that does not answer, or that is none", async () => {
    region.silence(true);
    expect(await newest()).toMatchObject({ kind: "unreachable", reason: expect.stringContaining("connection refused") });
    await expect(newestCompleteCopy({ stores: [region], vault: Buffer.from(VAULT, "hex"), trust }, "us-west-2", SOURCE)).rejects.toMatchObject({
      name: "InputInvalid",
    });
  });
});
