/** A copy is complete when everything is there; more objects never make it worth less. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { copyOf, decideCompleteness, needsOf, newestComplete } from "../../../../core/backup/geographically-distributed-backup/completeness.ts";
import { Manifest } from "../../../../core/backup/vault/manifest.ts";
import { anyBackups, anyListing, KEYRING_1, listed, needsFor, OBJECTS } from "../../../support/listings.ts";
import { indexMade, manifestMade, packMade } from "../../../support/replicas.ts";

describe("a copy of a backup", () => {
  it("is complete exactly when its manifest, all that it names in the right size, and a keyring no older are there", () => {
    fc.assert(
      fc.property(anyBackups, anyListing("a"), (backups, { objects, damaged }) => {
        const sizes = new Map(objects.map(({ key, sizeBytes }) => [key, sizeBytes]));
        for (const needs of backups) {
          const all = [needs.manifest, ...needs.objects];
          const isWhole = all.every(({ key, sizeBytes }) => sizes.get(key) === sizeBytes && !damaged.has(key)) && sizes.has(KEYRING_1.key);
          const decided = decideCompleteness(needs, copyOf(objects, damaged));
          expect(decided.kind).toBe(isWhole ? "complete" : "incomplete");
          if (decided.kind === "incomplete") expect(decided.missing.length + decided.differing.length).toBeGreaterThan(0);
        }
      }),
      { numRuns: 500 },
    );
  });

  it("is never made older by what arrives, and never newer by what goes", () => {
    fc.assert(
      fc.property(anyBackups, anyListing("a"), fc.func(fc.boolean()), (backups, { objects, damaged }, isThere) => {
        const sequence = (kept: typeof objects) => newestComplete("n1.directory", backups, copyOf(kept, damaged))?.sequence ?? 0;
        expect(sequence(objects.filter(({ key }) => isThere(key)))).toBeLessThanOrEqual(sequence(objects));
      }),
      { numRuns: 500 },
    );
  });

  it("says what is missing, the first few and how many", () => {
    const needs = needsFor(7, OBJECTS);
    const decided = decideCompleteness(needs, copyOf(listed("a", [{ key: OBJECTS[5].key, sizeBytes: 1 }]).objects));
    expect(decided.reason).toBe(
      "backup 7 of n1.directory is not whole here: 7 of its objects are not there (manifests/n1.directory/000000000007.json, packs/n1/aa/aa1, packs/n1/bb/bb2 and 4 more); 1 are not what its manifest says (indexes/n2/ff6)",
    );
  });

  it("needs the keyring that its manifest names or any later one", () => {
    const needs = { ...needsFor(1, []), keyring: 3 };
    const withKeyring = (number: number) => copyOf(listed("a", [needs.manifest, { key: `keyring/0000000${number}.json`, sizeBytes: 1 }]).objects);
    expect([2, 3, 4].map((number) => decideCompleteness(needs, withKeyring(number)).kind)).toEqual(["incomplete", "complete", "complete"]);
  });

  it("needs what its manifest names, under the keys at which a vault stores it", () => {
    const [pack, index] = [packMade(1), indexMade(1)];
    const { key, bytes } = manifestMade({ sequence: 4, packs: [pack], indexes: [index] });
    const { payload } = JSON.parse(bytes.toString("utf8")) as { payload: string };
    const manifest = Manifest.parse(JSON.parse(Buffer.from(payload, "base64url").toString("utf8")));
    expect(needsOf(manifest, { sizeBytes: bytes.length, digest: "d" })).toMatchObject({
      manifest: { key, sizeBytes: bytes.length, digest: "d" },
      objects: [pack, index].map((each) => ({ key: each.key, sizeBytes: each.bytes.length })),
    });
  });
});
