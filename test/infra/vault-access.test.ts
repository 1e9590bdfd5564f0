/** What an agent may really do with the access that a job gives it: what both its session's policy and the role behind it allow. */
import { beforeAll, describe, expect, it } from "vitest";
import { placesOf } from "../../adapters/fleet-vault.ts";
import { SESSION_POLICY_CHARACTERS_MAX, sessionPolicy } from "../../adapters/vault-access-sts.ts";
import { indexKey, manifestKey, packKey, SourceName } from "../../core/backup/vault/manifest.ts";
import { RegionName } from "../../core/kernel/ids.ts";
import { BUCKET_NAME_CHARACTERS_MAX, resourceNames } from "../../core/kernel/names.ts";
import type { AccessScope } from "../../core/kernel/ports.ts";
import type { VaultPlace } from "../../core/kernel/vault-job.ts";
import { vaultPlaces } from "../../core/kernel/vault-rules.ts";
import { NETWORK } from "./fleets.ts";
import { ACCOUNT, allows, inFull, type Permission, permissionsOf, type Request } from "./iam.ts";
import { list, roleStatements, type Statement, type Synthesis, synthesize } from "./synthesis.ts";

const WRITES = { writer: "storage-east-1", source: "storage-east-1.directory" };
const DIGEST = "a".repeat(64);
/** The longest that are there. */
const LONG_REGIONS = ["ap-southeast-1", "ap-southeast-2", "ap-southeast-3", "ap-southeast-4", "ap-southeast-5", "ap-southeast-7"].concat([
  "ap-northeast-1",
  "ap-northeast-2",
  "ap-northeast-3",
]);

const sessionOf = (fleet: string, places: readonly VaultPlace[], writes: AccessScope["writes"]) =>
  sessionPolicy({ fleet, partition: "aws" }, places, writes);
/** KMS's resources are left to the role: a session's `*` is every key that the role may use. */
const permissions = (policy: ReturnType<typeof sessionPolicy>) => permissionsOf(policy.Statement as Statement[]);

describe("a session's policy", () => {
  it("fits into what STS takes, for nine Regions and names as long as a fleet file takes", () => {
    const fleet = "f".repeat(20);
    const places = LONG_REGIONS.map((region) => ({
      region: RegionName.parse(region),
      bucket: resourceNames(fleet).vaultBucket(ACCOUNT, region),
      keyId: "alias",
      endpoint: null,
    }));
    expect(Math.max(...places.map(({ bucket }) => bucket.length))).toBe(BUCKET_NAME_CHARACTERS_MAX);
    const writer = "n".repeat(32);
    const policy = sessionOf(fleet, places, { writer, source: `${writer}.directory` });
    expect(JSON.stringify(policy).length).toBeLessThanOrEqual(SESSION_POLICY_CHARACTERS_MAX);
  });
});

describe("an agent's access", () => {
  let synthesis: Synthesis;
  let fleet: string;
  let role: readonly Permission[];
  let places: VaultPlace[];
  let home: string;
  beforeAll(async () => {
    synthesis = await synthesize(NETWORK);
    fleet = synthesis.fleet.fleet;
    const [template] = synthesis.templates.values();
    if (template === undefined) throw new Error("the example has no Region");
    role = permissionsOf(roleStatements(template).flatMap(({ policy, statement }) => (policy.startsWith("VaultAgent") ? [statement] : [])));
    places = placesOf(synthesis.fleet, { account: ACCOUNT });
    home = vaultPlaces(synthesis.fleet)?.home ?? "none";
  });

  const bucketOf = (region: string, of = fleet) => `arn:aws:s3:::${resourceNames(of).vaultBucket(ACCOUNT, region)}`;
  const placesIn = (regions: readonly string[]) => regions.flatMap((region) => places.filter((place) => place.region === region));
  const keysOf = (request: Record<string, string>, of = fleet) => ({ "kms:ResourceAliases": resourceNames(of).vaultAlias, ...request });
  const through = (action: string, region: string, of = fleet): Request => ({
    action,
    resource: `arn:aws:kms:${region}:${ACCOUNT}:key/1`,
    keys: keysOf({ "kms:ViaService": `s3.${region}.amazonaws.com`, "kms:EncryptionContext:aws:s3:arn": bucketOf(region, of) }, of),
  });
  const lock = (action: string, region: string, of = fleet): Request => ({
    action,
    resource: `arn:aws:kms:${region}:${ACCOUNT}:key/1`,
    keys: keysOf({ "kms:EncryptionContext:purpose": "synnergy-ha/vault-key", "kms:EncryptionContext:fleet": of }, of),
  });
  /** What `regions` and `writes` make possible: reading there, and writing one's own names in the first. */
  const needed = (regions: readonly string[], writes: AccessScope["writes"]): Request[] => [
    ...regions.flatMap((region) => [
      { action: "s3:ListBucket", resource: bucketOf(region) },
      { action: "s3:GetObject", resource: `${bucketOf(region)}/keyring/00000001.json` },
      { action: "s3:GetObject", resource: `${bucketOf(region)}/${packKey("mining-east-1", DIGEST)}` },
      through("kms:Decrypt", region),
      lock("kms:Decrypt", region),
    ]),
    ...(writes === null
      ? []
      : [packKey(writes.writer, DIGEST), indexKey(writes.writer, DIGEST), manifestKey(SourceName.parse(writes.source), 7)].map((key) => ({
          action: "s3:PutObject",
          resource: `${bucketOf(regions[0] ?? "")}/${key}`,
        }))),
    ...(writes === null ? [] : [through("kms:GenerateDataKey", regions[0] ?? "")]),
  ];
  /** What nobody's job needs, whatever it is. */
  const never = (): Request[] =>
    [home, ...places.map(({ region }) => region)].flatMap((region) => [
      ...["s3:DeleteObject", "s3:DeleteObjectVersion", "s3:PutObjectRetention", "s3:BypassGovernanceRetention", "s3:PutBucketPolicy"].map(
        (action) => ({
          action,
          resource: `${bucketOf(region)}/${packKey(WRITES.writer, DIGEST)}`,
        }),
      ),
      ...[packKey("mining-east-1", DIGEST), packKey(`${WRITES.writer}2`, DIGEST), indexKey("mining-east-1", DIGEST)].map((key) => ({
        action: "s3:PutObject",
        resource: `${bucketOf(region)}/${key}`,
      })),
      ...["manifests/mining-east-1.directory/000000000001.json", "keyring/00000002.json", "proofs/x", "sweeps/x"].map((key) => ({
        action: "s3:PutObject",
        resource: `${bucketOf(region)}/${key}`,
      })),
      { action: "s3:GetObject", resource: `${bucketOf(region, "other")}/${packKey(WRITES.writer, DIGEST)}` },
      { action: "s3:GetObject", resource: `${bucketOf(region)}-of-somebody-else/${packKey(WRITES.writer, DIGEST)}` },
      through("kms:Decrypt", region, "other"),
      lock("kms:Decrypt", region, "other"),
      lock("kms:GenerateDataKey", region),
      { action: "kms:Decrypt", resource: `arn:aws:kms:${region}:${ACCOUNT}:key/1`, keys: keysOf({}) },
      { action: "sts:AssumeRole", resource: "*" },
    ]);
  const granted = (regions: readonly string[], writes: AccessScope["writes"]) => {
    const session = permissions(sessionOf(fleet, placesIn(regions), writes));
    return (request: Request) => allows(session, request) && allows(role, request);
  };
  const jobs = (): [string[], AccessScope["writes"]][] => [
    [[home], WRITES],
    [[home], null],
    ...places.map(({ region }): [string[], null] => [[region], null]),
    [places.map(({ region }) => region), WRITES],
  ];

  it("is all that its job needs", () => {
    for (const [regions, writes] of jobs()) expect(needed(regions, writes).filter((request) => !granted(regions, writes)(request))).toEqual([]);
  });

  it("is nothing that no job needs: no deletion, no other writer's names, no other fleet's bucket or key, no new lock", () => {
    for (const [regions, writes] of jobs()) expect(never().filter(granted(regions, writes))).toEqual([]);
  });

  it("is refused the same by the session alone, whatever the role may, but for a bucket whose longer name begins alike", () => {
    for (const [regions, writes] of jobs()) {
      const session = permissions(sessionOf(fleet, placesIn(regions), writes));
      const open = never().filter((request) => allows(session, request));
      expect(open.filter(({ resource }) => !resource.includes("-of-somebody-else/"))).toEqual([]);
    }
  });

  it("writes nothing for a restore, and reads no bucket of a Region that is not the job's", () => {
    const others = places.map(({ region }) => region).filter((region) => region !== home);
    expect(others.length).toBeGreaterThan(0);
    expect(
      needed([home], WRITES)
        .filter(granted([home], null))
        .map(({ action }) => action),
    ).not.toContain("s3:PutObject");
    expect(allows(permissions(sessionOf(fleet, placesIn([home]), null)), through("kms:GenerateDataKey", home))).toBe(false);
    const elsewhere = needed(others, WRITES).filter(({ action }) => action.startsWith("s3:"));
    expect(elsewhere.filter(granted([home], WRITES))).toEqual([]);
  });

  it("names no action that the role behind it has not, so that nothing is asked for in vain", () => {
    const has = new Set(role.map(({ action }) => action));
    const session = sessionOf(fleet, places, WRITES);
    expect(inFull(session)).toEqual(session);
    expect(session.Statement.flatMap(({ Action }) => list(Action)).filter((action) => !has.has(action))).toEqual([]);
  });
});
