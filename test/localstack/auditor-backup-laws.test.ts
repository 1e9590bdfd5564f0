/** The auditor of backups finds each planted violation by its law, and none in a vault that kept them. */
import { describe, expect, test } from "vitest";
import { auditBackups, type SeenManifest, type SeenVault } from "../../localstack/auditor/backup-laws.ts";

const REGIONS = ["home", "away"];
const HASHES = new Map([
  [1, "0x1"],
  [2, "0x2"],
]);

function manifest(region: string, sequence: number, facts: Partial<SeenManifest> = {}): SeenManifest {
  return {
    region,
    key: `manifests/n1.directory/${sequence}`,
    digest: `digest ${sequence}`,
    source: "n1.directory",
    sequence,
    parent: sequence === 1 ? null : `digest ${sequence - 1}`,
    point: { height: sequence, hash: `0x${sequence}` },
    names: [{ key: `packs/${sequence}`, sizeBytes: sequence }],
    ...facts,
  };
}

/** Two backups in two Regions, some of whose manifests, or none, are other than they should be. */
function vault(change: (one: SeenManifest) => SeenManifest | null = (one) => one, lost: readonly string[] = []): SeenVault {
  const manifests = REGIONS.flatMap((region) => [1, 2].map((sequence) => manifest(region, sequence))).flatMap((one) => change(one) ?? []);
  const packs = [1, 2].map((sequence) => [`packs/${sequence}`, sequence] as const).filter(([key]) => !lost.includes(key));
  return { manifests, objects: new Map(REGIONS.map((region) => [region, new Map(packs)])) };
}
const broken = (after: SeenVault, before = vault()): string[] => [...new Set(auditBackups(before, after, HASHES).map(({ law }) => law))];
const inAway = (facts: Partial<SeenManifest>) => (one: SeenManifest) => (one.region === "away" && one.sequence === 2 ? { ...one, ...facts } : one);

describe("the auditor of backups", () => {
  test("finds nothing in a vault that is as it was, or has one backup more, or lost one Region's copy", () => {
    expect(broken(vault())).toEqual([]);
    expect(
      broken(
        vault(),
        vault((one) => (one.sequence === 1 ? one : null)),
      ),
    ).toEqual([]);
    expect(broken(vault((one) => (one.region === "home" ? null : one)))).toEqual([]);
  });

  test("finds a block that the network has not, another or none at all", () => {
    expect(broken(vault(inAway({ point: { height: 2, hash: "0x6" } })))).toEqual(["named-block"]);
    expect(broken(vault(inAway({ point: { height: 999, hash: "0x2" } })))).toEqual(["named-block"]);
  });

  test("finds a manifest that was written twice, and a line that is two", () => {
    expect(broken(vault(inAway({ digest: "another" })))).toEqual(["written-once", "one-line"]);
    expect(
      broken(
        vault(inAway({ parent: "another" })),
        vault((one) => (one.sequence === 1 ? one : null)),
      ),
    ).toEqual(["one-line"]);
  });

  test("finds what a backup names and no Region has, and a backup that no Region has", () => {
    expect(broken(vault(undefined, ["packs/2"]))).toEqual(["restorable-somewhere"]);
    expect(broken(vault((one) => (one.sequence === 2 ? null : one)))).toEqual(["kept"]);
  });
});
