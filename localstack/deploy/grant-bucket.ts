/** How a bucket is given, by S3's API, what the emulator's CloudFormation forgot of it; and how it is read back. */
import {
  GetBucketEncryptionCommand,
  GetBucketLifecycleConfigurationCommand,
  GetBucketOwnershipControlsCommand,
  GetBucketReplicationCommand,
  GetObjectLockConfigurationCommand,
  PutBucketEncryptionCommand,
  PutBucketLifecycleConfigurationCommand,
  PutBucketOwnershipControlsCommand,
  PutBucketReplicationCommand,
  PutObjectLockConfigurationCommand,
  type S3Client,
} from "@aws-sdk/client-s3";
import { ACCOUNT } from "./cdk.ts";
import type { BucketWish } from "./dropped-bucket.ts";
import type { Grant } from "./grant.ts";

/** S3's ways to say that there is none. */
const NONE = new Set([
  "NoSuchLifecycleConfiguration",
  "ObjectLockConfigurationNotFoundError",
  "OwnershipControlsNotFoundError",
  "ReplicationConfigurationNotFoundError",
  "ServerSideEncryptionConfigurationNotFoundError",
]);

export function bucketGrant(wish: BucketWish, s3: S3Client, nameOf: (logicalId: string) => string, region: string): Grant {
  const Bucket = nameOf(wish.logicalId);
  switch (wish.kind) {
    case "object-lock":
      return grant(
        { ObjectLockEnabled: "Enabled" as const },
        {
          read: async () => (await s3.send(new GetObjectLockConfigurationCommand({ Bucket }))).ObjectLockConfiguration,
          apply: (ObjectLockConfiguration) => s3.send(new PutObjectLockConfigurationCommand({ Bucket, ObjectLockConfiguration })),
        },
      );
    case "lock-retention":
      return grant(
        { ObjectLockEnabled: "Enabled" as const, Rule: { DefaultRetention: wish.retention } },
        {
          read: async () => (await s3.send(new GetObjectLockConfigurationCommand({ Bucket }))).ObjectLockConfiguration,
          apply: (ObjectLockConfiguration) => s3.send(new PutObjectLockConfigurationCommand({ Bucket, ObjectLockConfiguration })),
        },
      );
    case "encryption":
    case "own-encryption": {
      const byKey = (wanted: Extract<BucketWish, { kind: "encryption" }>) => ({
        ApplyServerSideEncryptionByDefault: {
          SSEAlgorithm: "aws:kms" as const,
          KMSMasterKeyID: `arn:aws:kms:${region}:${ACCOUNT}:key/${nameOf(wanted.keyLogicalId)}`,
        },
        BucketKeyEnabled: wanted.bucketKey,
      });
      const rule = wish.kind === "encryption" ? byKey(wish) : { ApplyServerSideEncryptionByDefault: { SSEAlgorithm: "AES256" as const } };
      return grant(
        { Rules: [rule] },
        {
          read: async () => (await s3.send(new GetBucketEncryptionCommand({ Bucket }))).ServerSideEncryptionConfiguration,
          apply: (ServerSideEncryptionConfiguration) => s3.send(new PutBucketEncryptionCommand({ Bucket, ServerSideEncryptionConfiguration })),
        },
      );
    }
    case "ownership":
      return grant(
        { Rules: [{ ObjectOwnership: wish.ownership }] },
        {
          read: async () => (await s3.send(new GetBucketOwnershipControlsCommand({ Bucket }))).OwnershipControls,
          apply: (OwnershipControls) => s3.send(new PutBucketOwnershipControlsCommand({ Bucket, OwnershipControls })),
        },
      );
    case "lifecycle":
      return grant(
        { Rules: [...wish.rules] },
        {
          read: async () => await s3.send(new GetBucketLifecycleConfigurationCommand({ Bucket })),
          apply: (LifecycleConfiguration) => s3.send(new PutBucketLifecycleConfigurationCommand({ Bucket, LifecycleConfiguration })),
        },
      );
    case "replication":
      return grant(
        { Role: `arn:aws:iam::${ACCOUNT}:role/${nameOf(wish.roleLogicalId)}`, Rules: [...wish.rules] },
        {
          read: async () => (await s3.send(new GetBucketReplicationCommand({ Bucket }))).ReplicationConfiguration,
          apply: (ReplicationConfiguration) => s3.send(new PutBucketReplicationCommand({ Bucket, ReplicationConfiguration })),
        },
      );
  }
}

function grant<T>(wanted: T, { read, apply }: { read(): Promise<unknown>; apply(wanted: T): Promise<unknown> }): Grant {
  const text = (found: unknown) => JSON.stringify(asWanted(wanted, found));
  return {
    wanted: JSON.stringify(wanted),
    read: async () => {
      try {
        return text(await read());
      } catch (error) {
        if (error instanceof Error && NONE.has(error.name)) return "none";
        throw error;
      }
    },
    apply: () => apply(wanted),
  };
}

/** What was found, as far as it was asked for and in the order of asking: an emulator may answer with more than it was told. */
function asWanted(wanted: unknown, found: unknown): unknown {
  if (Array.isArray(wanted) && Array.isArray(found)) return found.map((each, index) => asWanted(wanted[index], each));
  if (!isRecord(wanted) || !isRecord(found)) return found;
  return Object.fromEntries(Object.keys(wanted).map((key) => [key, asWanted(wanted[key], found[key])]));
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
