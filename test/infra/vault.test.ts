/** The vault's buckets and keys: what is stored is written once, locked, encrypted in its own Region, and swept no sooner than promised. */
import { Stack } from "aws-cdk-lib";
import { beforeAll, describe, expect, it } from "vitest";
import { vaultPlaces } from "../../core/kernel/vault-rules.ts";
import { type Denial, denials } from "./bucket-requests.ts";
import { EXAMPLES, list, only, resourcesOf, type Statement, type Synthesis, synthesize } from "./synthesis.ts";

type Lock = { Rule: { DefaultRetention: { Mode: string; Days: number } } };
type Lifecycle = { Rules: Record<string, unknown>[] };

const PUT = { action: "s3:PutObject", "aws:SecureTransport": "true", "s3:TlsVersion": "1.3", "s3:ObjectCreationOperation": "true" };
const CIPHER = "s3:x-amz-server-side-encryption";

describe.each(EXAMPLES)("the vault of $name", ({ file }) => {
  let aws: Synthesis;
  let rehearsal: Synthesis;
  beforeAll(async () => {
    aws = await synthesize(file);
    rehearsal = await synthesize(file, { rehearsal: "true" });
  });
  const places = () => vaultPlaces(aws.fleet);
  const buckets = (synthesis = aws) =>
    [...synthesis.vaults].map(([region, template]) => ({ region, bucket: only(resourcesOf(template, "AWS::S3::Bucket")), template }));

  it("is in each Region that the fleet file names, under a name that has account and Region", () => {
    const { home, replicas } = places() ?? { home: "", replicas: [] };
    expect([...aws.vaults.keys()].toSorted()).toEqual([home, ...replicas].toSorted());
    for (const { region, bucket } of buckets()) {
      expect(bucket.Properties.BucketName).toEqual({
        "Fn::Join": ["", [`synnergy-${aws.fleet.fleet}-vault-`, { Ref: "AWS::AccountId" }, `-${region}`]],
      });
    }
  });

  it("keeps every version, locked for the fleet file's days, in the mode that it names and under governance in a rehearsal", () => {
    for (const [synthesis, mode] of [
      [aws, aws.fleet.vault?.lockMode],
      [rehearsal, "governance"],
    ] as const) {
      for (const { bucket } of buckets(synthesis)) {
        expect(bucket.Properties.VersioningConfiguration).toEqual({ Status: "Enabled" });
        expect(bucket.Properties.ObjectLockEnabled).toBe(true);
        const { Rule } = bucket.Properties.ObjectLockConfiguration as Lock;
        expect(Rule.DefaultRetention).toEqual({ Mode: mode?.toUpperCase(), Days: aws.fleet.vault?.lockDays });
      }
    }
  });

  it("sweeps noncurrent versions no sooner than their lock ends, and never a current one", () => {
    for (const { bucket } of buckets()) {
      const { Rules } = bucket.Properties.LifecycleConfiguration as Lifecycle;
      const { vault } = aws.fleet;
      expect(Rules).toHaveLength(1);
      expect(Rules[0]).toMatchObject({ Status: "Enabled", NoncurrentVersionExpiration: { NoncurrentDays: vault?.keepNoncurrentDays } });
      expect(vault?.keepNoncurrentDays).toBeGreaterThanOrEqual(vault?.lockDays ?? Number.POSITIVE_INFINITY);
      for (const word of ["ExpirationInDays", "ExpirationDate", "Transitions", "NoncurrentVersionTransitions"])
        expect(Rules[0]).not.toHaveProperty(word);
      expect(Rules[0]).toMatchObject({ AbortIncompleteMultipartUpload: { DaysAfterInitiation: 1 } });
    }
  });

  it("is open to nobody in public, has one owner, and tells EventBridge by its own switch", () => {
    for (const { bucket } of buckets()) {
      expect(Object.values(bucket.Properties.PublicAccessBlockConfiguration as object)).toEqual([true, true, true, true]);
      expect(bucket.Properties.OwnershipControls).toEqual({ Rules: [{ ObjectOwnership: "BucketOwnerEnforced" }] });
      expect(bucket.Properties.NotificationConfiguration).toMatchObject({ EventBridgeConfiguration: { EventBridgeEnabled: true } });
    }
  });

  it("refuses a put that could replace an object, and no other put", () => {
    for (const { template, bucket } of buckets()) {
      const said = (request: Denial) => denials(template, bucket.Properties.BucketName, { ...PUT, ...request });
      expect(said({})).toEqual(["RefuseOverwriting"]);
      expect(said({ "s3:if-match": "etag" })).toEqual(["RefuseOverwriting"]);
      expect(said({ "s3:if-none-match": "*" })).toEqual([]);
      /** CreateMultipartUpload and UploadPart carry no condition; CompleteMultipartUpload does. */
      expect(said({ "s3:ObjectCreationOperation": "false" })).toEqual([]);
      expect(said({ action: "s3:ReplicateObject", "s3:ObjectCreationOperation": undefined })).toEqual([]);
    }
  });

  it("refuses any cipher and key but its own, and any path but TLS 1.2 and later", () => {
    for (const { template, bucket } of buckets()) {
      const said = (request: Denial) => denials(template, bucket.Properties.BucketName, { ...PUT, "s3:if-none-match": "*", ...request });
      expect(said({ [CIPHER]: "AES256" })).toEqual(["RefuseOtherCiphers"]);
      expect(said({ [CIPHER]: "aws:kms" })).toEqual([]);
      expect(said({ [CIPHER]: "aws:kms", [`${CIPHER}-aws-kms-key-id`]: "arn:aws:kms:us-east-1:1:key/other" })).toEqual(["RefuseOtherKeys"]);
      for (const action of ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"]) {
        expect(said({ action, "aws:SecureTransport": "false" })).not.toEqual([]);
        expect(said({ action, "s3:TlsVersion": "1.1" })).not.toEqual([]);
      }
    }
  });

  it("is encrypted by a key that is in its own Region alone, rotates, and is used for the bucket, the keyring's lock and the ledger's signing key only", () => {
    for (const { template, bucket, region } of buckets()) {
      const keys = resourcesOf(template, "AWS::KMS::Key");
      const key = only(keys);
      expect(bucket.Properties.BucketEncryption).toEqual({
        ServerSideEncryptionConfiguration: [
          {
            BucketKeyEnabled: true,
            ServerSideEncryptionByDefault: { SSEAlgorithm: "aws:kms", KMSMasterKeyID: { "Fn::GetAtt": [keys[0]?.[0], "Arn"] } },
          },
        ],
      });
      expect(key.Properties).toMatchObject({ EnableKeyRotation: true });
      expect(key.Properties).not.toHaveProperty("MultiRegion");
      const { Statement } = key.Properties.KeyPolicy as { Statement: (Statement & { Sid: string })[] };
      const uses = Statement.filter(({ Action }) => list(Action).some((action) => /^kms:(Decrypt|Encrypt|GenerateDataKey|ReEncrypt)/.test(action)));
      expect(uses.map(({ Sid }) => Sid)).toEqual(["StoreObjects", "LockKeyring"]);
      expect(uses[0]?.Condition).toMatchObject({ StringEquals: { "kms:ViaService": `s3.${region}.amazonaws.com` } });
      expect(JSON.stringify(uses[0]?.Condition?.StringLike)).toContain(`-${region}"`);
      expect(uses[1]?.Condition).toEqual({
        StringEquals: {
          "kms:EncryptionContext:purpose": ["synnergy-ha/vault-key", "synnergy-ha/vault-signer"],
          "kms:EncryptionContext:fleet": aws.fleet.fleet,
        },
      });
      expect(Statement.flatMap(({ Action }) => list(Action)).filter((action) => action.includes("*") || action === "kms:CreateGrant")).toEqual([]);
    }
  });

  it("stays when its stack or the control plane's is deleted, and goes with a rehearsal", () => {
    for (const { app, vaults } of [aws, rehearsal]) {
      const stacks = app.node.children.filter((child) => child instanceof Stack && child.stackName.endsWith("-vault")) as Stack[];
      expect(stacks).toHaveLength(vaults.size);
      expect(stacks.every(({ terminationProtection }) => terminationProtection === (app === aws.app))).toBe(true);
    }
    expect(buckets(rehearsal).every(({ bucket }) => bucket.DeletionPolicy === "Delete")).toBe(true);
  });
});
