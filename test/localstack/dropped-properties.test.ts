/** Reading a template for what the emulator's CloudFormation drops: everything on the list is a wish or a refusal, nothing is lost here as well. */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Template } from "../../localstack/deploy/assembly.ts";
import { readDropped } from "../../localstack/deploy/dropped-properties.ts";

const REGION = "us-east-1";
const template = (resources: Record<string, { Type: string; Properties: Record<string, unknown> }>): Template =>
  Template.parse({ Resources: resources });

const REPLICATION = {
  Id: "to-us-west-2",
  Priority: 1,
  Status: "Enabled",
  Filter: { Prefix: "" },
  DeleteMarkerReplication: { Status: "Disabled" },
  SourceSelectionCriteria: { SseKmsEncryptedObjects: { Status: "Enabled" } },
  Destination: {
    Bucket: { "Fn::Join": ["", ["arn:aws:s3:::copy-", { Ref: "AWS::AccountId" }]] },
    EncryptionConfiguration: { ReplicaKmsKeyID: "arn:aws:kms:us-west-2:000000000000:alias/copy" },
    Metrics: { Status: "Enabled", EventThreshold: { Minutes: 15 } },
    ReplicationTime: { Status: "Enabled", Time: { Minutes: 15 } },
  },
};
const SWEEP = {
  Id: "sweep",
  Status: "Enabled",
  AbortIncompleteMultipartUpload: { DaysAfterInitiation: 1 },
  NoncurrentVersionExpiration: { NoncurrentDays: 1 },
  ExpiredObjectDeleteMarker: true,
};
const LET_GO = {
  Id: "let-go",
  Status: "Enabled",
  AbortIncompleteMultipartUpload: { DaysAfterInitiation: 1 },
  ExpirationInDays: 400,
  Prefix: "history/",
};
const encryption = (ServerSideEncryptionByDefault: unknown) => ({ ServerSideEncryptionConfiguration: [{ ServerSideEncryptionByDefault }] });

/** The value once for each object in it, with a field more in that one. */
function withOneMore(value: unknown): unknown[] {
  if (typeof value !== "object" || value === null) return [];
  const own = Array.isArray(value) ? [] : [{ ...value, Surprise: 1 }];
  const inner = Object.entries(value).flatMap(([key, each]) =>
    withOneMore(each).map((more) => (Array.isArray(value) ? value.with(Number(key), more) : { ...value, [key]: more })),
  );
  return [...own, ...inner];
}

describe("reading a template", () => {
  /** Each listed property with a value that can be put back, and one that cannot. */
  const LISTED = [
    ["AWS::DynamoDB::Table", "TimeToLiveSpecification", { AttributeName: "ttl", Enabled: true }, { AttributeName: { Ref: "P" }, Enabled: true }],
    [
      "AWS::DynamoDB::GlobalTable",
      "TimeToLiveSpecification",
      { AttributeName: "ttl", Enabled: true },
      { AttributeName: "ttl", Enabled: { Ref: "P" } },
    ],
    ["AWS::DynamoDB::Table", "PointInTimeRecoverySpecification", { PointInTimeRecoveryEnabled: true }, { PointInTimeRecoveryEnabled: { Ref: "P" } }],
    ["AWS::DynamoDB::GlobalTable", "MultiRegionConsistency", undefined, "STRONG"],
    ["AWS::DynamoDB::GlobalTable", "GlobalTableWitnesses", undefined, [{ Region: "us-east-2" }]],
    ["AWS::Lambda::Function", "ReservedConcurrentExecutions", 4, { Ref: "P" }],
    ["AWS::Lambda::Function", "DeadLetterConfig", { TargetArn: { "Fn::GetAtt": ["Q", "Arn"] } }, { TargetArn: "arn:aws:sqs:us-east-1:1:q" }],
    ["AWS::S3::Bucket", "ReplicationConfiguration", { Role: { "Fn::GetAtt": ["R", "Arn"] }, Rules: [] }, { Role: "r", Rules: [] }],
    [
      "AWS::S3::Bucket",
      "ReplicationConfiguration",
      { Role: { "Fn::GetAtt": ["R", "Arn"] }, Rules: [REPLICATION] },
      { Role: { "Fn::GetAtt": ["R", "Arn"] }, Rules: [{ ...REPLICATION, Status: "Disabled" }] },
    ],
    [
      "AWS::S3::Bucket",
      "ObjectLockConfiguration",
      { ObjectLockEnabled: "Enabled", Rule: { DefaultRetention: { Mode: "GOVERNANCE", Days: 1 } } },
      { ObjectLockEnabled: "Enabled", Rule: { DefaultRetention: { Mode: "GOVERNANCE", Years: 1 } } },
    ],
    ["AWS::S3::Bucket", "ObjectLockEnabled", true, { Ref: "P" }],
    ["AWS::S3::Bucket", "LifecycleConfiguration", { Rules: [SWEEP] }, { Rules: [{ Id: "sweep", Status: "Enabled", ExpirationInDays: 3 }] }],
    [
      "AWS::S3::Bucket",
      "OwnershipControls",
      { Rules: [{ ObjectOwnership: "BucketOwnerEnforced" }] },
      { Rules: [{ ObjectOwnership: "ObjectWriter" }] },
    ],
    [
      "AWS::S3::Bucket",
      "BucketEncryption",
      encryption({ SSEAlgorithm: "aws:kms", KMSMasterKeyID: { "Fn::GetAtt": ["K", "Arn"] } }),
      encryption({ SSEAlgorithm: "aws:kms", KMSMasterKeyID: "alias/other" }),
    ],
    ["AWS::S3::Bucket", "LifecycleConfiguration", { Rules: [LET_GO] }, { Rules: [{ ...LET_GO, ExpirationDate: "2027-01-01" }] }],
    ["AWS::S3::Bucket", "BucketEncryption", encryption({ SSEAlgorithm: "AES256" }), encryption({ SSEAlgorithm: "aws:kms:dsse" })],
    ["AWS::S3::Bucket", "LoggingConfiguration", undefined, { DestinationBucketName: "logs" }],
  ] as const;

  test("every listed property is either a wish or a refusal: none is dropped here as well", () => {
    const listed = fc.constantFrom(...LISTED).chain(([Type, property, good, bad]) => {
      return fc.constantFrom(...(good === undefined ? [false] : [true, false])).map((able) => ({ Type, property, value: able ? good : bad, able }));
    });
    fc.assert(
      fc.property(fc.array(listed, { maxLength: 8 }), fc.dictionary(fc.string(), fc.anything()), (chosen, noise) => {
        const resources = chosen.map(({ Type, property, value }, at) => [`R${at}`, { Type, Properties: { ...noise, [property]: value } }] as const);
        const { wishes, refusals } = readDropped(template(Object.fromEntries(resources)), REGION);
        expect(wishes.map((wish) => wish.logicalId)).toEqual(chosen.flatMap(({ able }, at) => (able ? [`R${at}`] : [])));
        expect(refusals.map((refusal) => refusal.split(" ")[0])).toEqual(chosen.flatMap(({ able }, at) => (able ? [] : [`R${at}`])));
      }),
    );
  });

  test("a bucket's wish with one field more than is known, however deep, is refused and not granted by half", () => {
    const known = LISTED.filter(([Type, , good]) => Type === "AWS::S3::Bucket" && typeof good === "object");
    expect(known.length).toBeGreaterThan(5);
    for (const [Type, property, good] of known) {
      const swollen = withOneMore(good);
      expect(swollen.length).toBeGreaterThan(1);
      for (const value of swollen) {
        const { wishes, refusals } = readDropped(template({ B: { Type, Properties: { [property]: value } } }), REGION);
        expect({ wishes, refusals: refusals.length }, JSON.stringify(value)).toEqual({ wishes: [], refusals: 1 });
      }
    }
  });

  test("a replica in another Region is refused, one at home has its own properties read", () => {
    const replica = (Region: unknown) => ({
      Region,
      PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
      DeletionProtectionEnabled: true,
    });
    const read = (regions: unknown[]) =>
      readDropped(template({ T: { Type: "AWS::DynamoDB::GlobalTable", Properties: { Replicas: regions.map(replica) } } }), REGION);
    const kinds = ["point-in-time-recovery", "deletion-protection"];
    expect(read([REGION]).wishes.map((wish) => wish.kind)).toEqual(kinds);
    expect(read([{ Ref: "AWS::Region" }]).wishes.map((wish) => wish.kind)).toEqual(kinds);
    expect(read([REGION, "us-west-2"]).refusals).toEqual(['T (AWS::DynamoDB::GlobalTable): a replica in "us-west-2"']);
  });

  test("what is switched off is no wish", () => {
    const Properties = {
      TimeToLiveSpecification: { Enabled: false },
      PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: false },
      Replicas: [{ Region: REGION, DeletionProtectionEnabled: false }],
    };
    const both = { A: { Type: "AWS::DynamoDB::Table", Properties }, B: { Type: "AWS::DynamoDB::GlobalTable", Properties } };
    expect(readDropped(template(both), REGION)).toEqual({ wishes: [], refusals: [] });
  });
});
