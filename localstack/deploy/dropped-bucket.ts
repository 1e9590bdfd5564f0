/**
 * What the emulator's CloudFormation forgets of a bucket. Each shape is exactly what our stacks write, with not a field more: a
 * wish with anything else in it is unknown, and fails the deploy instead of being granted by half.
 */
import * as z from "zod";
import { ACCOUNT } from "./cdk.ts";

export type BucketWish =
  | { readonly kind: "object-lock"; readonly logicalId: string }
  | { readonly kind: "lock-retention"; readonly logicalId: string; readonly retention: { Mode: "GOVERNANCE" | "COMPLIANCE"; Days: number } }
  | { readonly kind: "encryption"; readonly logicalId: string; readonly keyLogicalId: string; readonly bucketKey: boolean }
  | { readonly kind: "own-encryption"; readonly logicalId: string }
  | { readonly kind: "ownership"; readonly logicalId: string; readonly ownership: "BucketOwnerEnforced" }
  | { readonly kind: "lifecycle"; readonly logicalId: string; readonly rules: readonly LifecycleRule[] }
  | { readonly kind: "replication"; readonly logicalId: string; readonly roleLogicalId: string; readonly rules: readonly ReplicationRule[] };

type Rule = (logicalId: string, value: unknown, region: string) => BucketWish | "nothing" | "unknown";

const Status = z.strictObject({ Status: z.enum(["Enabled", "Disabled"]) });
const Minutes = z.strictObject({ Minutes: z.int() });
const Attribute = z.strictObject({ "Fn::GetAtt": z.tuple([z.string(), z.literal("Arn")]) }).transform((at) => at["Fn::GetAtt"][0]);
const Pseudo = z.strictObject({ Ref: z.literal("AWS::AccountId") }).transform(() => ACCOUNT);
/** A text whose one unknown is the account, which an emulator has only one of. */
const Text = z.union([
  z.string(),
  z.strictObject({ "Fn::Join": z.tuple([z.literal(""), z.array(z.union([z.string(), Pseudo]))]) }).transform((join) => join["Fn::Join"][1].join("")),
]);

const Lock = z.strictObject({
  ObjectLockEnabled: z.literal("Enabled"),
  Rule: z.strictObject({ DefaultRetention: z.strictObject({ Mode: z.enum(["GOVERNANCE", "COMPLIANCE"]), Days: z.int() }) }),
});

const ByKey = z.strictObject({
  BucketKeyEnabled: z.boolean().default(false),
  ServerSideEncryptionByDefault: z.strictObject({ SSEAlgorithm: z.literal("aws:kms"), KMSMasterKeyID: Attribute }),
});
/** By a key that S3 owns. */
const ByOwnKey = z.strictObject({ ServerSideEncryptionByDefault: z.strictObject({ SSEAlgorithm: z.literal("AES256") }) });
const Encryption = z.strictObject({ ServerSideEncryptionConfiguration: z.tuple([z.union([ByKey, ByOwnKey])]) });

const Ownership = z.strictObject({ Rules: z.tuple([z.strictObject({ ObjectOwnership: z.literal("BucketOwnerEnforced") })]) });

const SweepRule = z
  .strictObject({
    Id: z.string(),
    Status: z.literal("Enabled"),
    AbortIncompleteMultipartUpload: z.strictObject({ DaysAfterInitiation: z.int() }),
    NoncurrentVersionExpiration: z.strictObject({ NoncurrentDays: z.int() }),
    ExpiredObjectDeleteMarker: z.literal(true),
  })
  .transform(({ Id, ExpiredObjectDeleteMarker, ...rest }) => ({
    ID: Id,
    Filter: { Prefix: "" },
    Expiration: { ExpiredObjectDeleteMarker },
    ...rest,
  }));
const LetGoRule = z
  .strictObject({
    Id: z.string(),
    Status: z.literal("Enabled"),
    AbortIncompleteMultipartUpload: z.strictObject({ DaysAfterInitiation: z.int() }),
    ExpirationInDays: z.int(),
    /** Of all objects, or of those below it. */
    Prefix: z.string().default(""),
  })
  .transform(({ Id, ExpirationInDays, Prefix, ...rest }) => ({ ID: Id, Filter: { Prefix }, Expiration: { Days: ExpirationInDays }, ...rest }));
const LifecycleRule = z.union([SweepRule, LetGoRule]);
export type LifecycleRule = z.infer<typeof LifecycleRule>;

const ReplicationRule = z
  .strictObject({
    Id: z.string(),
    Priority: z.int(),
    Status: z.literal("Enabled"),
    Filter: z.strictObject({ Prefix: z.literal("") }),
    DeleteMarkerReplication: Status,
    SourceSelectionCriteria: z.strictObject({ SseKmsEncryptedObjects: Status }),
    Destination: z.strictObject({
      Bucket: Text,
      EncryptionConfiguration: z.strictObject({ ReplicaKmsKeyID: Text }).transform(({ ReplicaKmsKeyID }) => ({ ReplicaKmsKeyID })),
      Metrics: Status.extend({ EventThreshold: Minutes }),
      ReplicationTime: Status.extend({ Time: Minutes }),
    }),
  })
  .transform(({ Id, ...rest }) => ({ ID: Id, ...rest }));
export type ReplicationRule = z.infer<typeof ReplicationRule>;

/** A rule from the shape that it takes, and what it wishes then. */
function shaped<T>(shape: z.ZodType<T>, wish: (logicalId: string, value: T) => BucketWish): Rule {
  return (logicalId, value) => {
    const parsed = shape.safeParse(value);
    return parsed.success ? wish(logicalId, parsed.data) : "unknown";
  };
}

const refused: Rule = () => "unknown";

/** In the order in which they are granted: a lock's retention needs the lock. */
export const BUCKET_RULES: Readonly<Record<string, Rule>> = {
  ObjectLockEnabled: (logicalId, value) => (value === false ? "nothing" : value === true ? { kind: "object-lock", logicalId } : "unknown"),
  ObjectLockConfiguration: shaped(Lock, (logicalId, { Rule }) => ({ kind: "lock-retention", logicalId, retention: Rule.DefaultRetention })),
  BucketEncryption: shaped(Encryption, (logicalId, { ServerSideEncryptionConfiguration: [wanted] }) =>
    "BucketKeyEnabled" in wanted
      ? {
          kind: "encryption",
          logicalId,
          keyLogicalId: wanted.ServerSideEncryptionByDefault.KMSMasterKeyID,
          bucketKey: wanted.BucketKeyEnabled,
        }
      : { kind: "own-encryption", logicalId },
  ),
  OwnershipControls: shaped(Ownership, (logicalId, { Rules: [{ ObjectOwnership }] }) => ({
    kind: "ownership",
    logicalId,
    ownership: ObjectOwnership,
  })),
  LifecycleConfiguration: shaped(z.strictObject({ Rules: z.array(LifecycleRule) }), (logicalId, { Rules }) => ({
    kind: "lifecycle",
    logicalId,
    rules: Rules,
  })),
  ReplicationConfiguration: shaped(z.strictObject({ Role: Attribute, Rules: z.array(ReplicationRule) }), (logicalId, { Role, Rules }) => ({
    kind: "replication",
    logicalId,
    roleLogicalId: Role,
    rules: Rules,
  })),
  AccelerateConfiguration: refused,
  AnalyticsConfigurations: refused,
  IntelligentTieringConfigurations: refused,
  InventoryConfigurations: refused,
  LoggingConfiguration: refused,
  MetricsConfigurations: refused,
};
