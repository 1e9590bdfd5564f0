/**
 * The bucket of a vault in one Region. What is stored there is written once: every version is locked for the fleet file's days,
 * and the bucket itself refuses a write that would not fail on an object that exists. What is deleted stays as a noncurrent
 * version and can be had back, for no fewer days than the lock has.
 */
import { Duration, Stack } from "aws-cdk-lib";
import { AnyPrincipal, Effect, PolicyStatement } from "aws-cdk-lib/aws-iam";
import type { IKey } from "aws-cdk-lib/aws-kms";
import { BlockPublicAccess, Bucket, BucketEncryption, type CfnBucket, ObjectLockRetention, ObjectOwnership } from "aws-cdk-lib/aws-s3";
import type { Construct } from "constructs";
import type { Vault } from "../../core/kernel/fleet.ts";
import { resourceNames } from "../../core/kernel/names.ts";
import type { Deployment } from "../deployment.ts";
import { acknowledge } from "../exceptions.ts";

/** A pack is one request; what began in parts and did not end was not ours or is lost. */
const UNFINISHED_DAYS = 1;
const TLS_VERSION_MIN = 1.2;
const KEY_OF_PUT = "s3:x-amz-server-side-encryption-aws-kms-key-id";
const CIPHER_OF_PUT = "s3:x-amz-server-side-encryption";

/** By name, since buckets and keys of several stacks speak of each other. */
export function vaultBucketArn(scope: Construct, fleet: string, region: string): string {
  const stack = Stack.of(scope);
  return stack.formatArn({ service: "s3", region: "", account: "", resource: resourceNames(fleet).vaultBucket(stack.account, region) });
}

export function declareVaultBucket(scope: Construct, deployment: Deployment, vault: Vault, key: IKey): Bucket {
  const { account, region } = Stack.of(scope);
  const days = Duration.days(vault.lockDays);
  const bucket = new Bucket(scope, "Vault", {
    bucketName: resourceNames(deployment.fleet.fleet).vaultBucket(account, region),
    versioned: true,
    objectLockEnabled: true,
    objectLockDefaultRetention:
      deployment.vaultLockMode === "compliance" ? ObjectLockRetention.compliance(days) : ObjectLockRetention.governance(days),
    encryption: BucketEncryption.KMS,
    encryptionKey: key,
    /** One call to KMS for many objects: a backup writes thousands. */
    bucketKeyEnabled: true,
    blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
    objectOwnership: ObjectOwnership.BUCKET_OWNER_ENFORCED,
    enforceSSL: true,
    minimumTLSVersion: TLS_VERSION_MIN,
    lifecycleRules: [
      {
        id: "sweep",
        abortIncompleteMultipartUploadAfter: Duration.days(UNFINISHED_DAYS),
        noncurrentVersionExpiration: Duration.days(vault.keepNoncurrentDays),
        expiredObjectDeleteMarker: true,
      },
    ],
    removalPolicy: deployment.removalPolicy,
  });
  for (const statement of refusals(bucket, key)) bucket.addToResourcePolicy(statement);
  /** The bucket's own switch: the CDK's would bring a function of its own into the account. */
  (bucket.node.defaultChild as CfnBucket).notificationConfiguration = { eventBridgeConfiguration: { eventBridgeEnabled: true } };
  acknowledge(
    bucket,
    "AwsSolutions-S1",
    "Server access logs would need a second bucket that is no better guarded than this one; who read or wrote an object is told by CloudTrail's data events, which the account's owner switches on for all buckets at once.",
  );
  return bucket;
}

/**
 * Replication is not refused: S3 writes a replica under `s3:ReplicateObject`. Copies into the bucket are, since CopyObject takes
 * no condition. The parts of a multipart upload carry none either and create no object; its completion does, and is held to it.
 */
function refusals(bucket: Bucket, key: IKey): PolicyStatement[] {
  const refuse = (sid: string, conditions: Record<string, Record<string, string>>) =>
    new PolicyStatement({
      sid,
      effect: Effect.DENY,
      principals: [new AnyPrincipal()],
      actions: ["s3:PutObject"],
      resources: [bucket.arnForObjects("*")],
      conditions,
    });
  return [
    refuse("RefuseOverwriting", { Null: { "s3:if-none-match": "true" }, Bool: { "s3:ObjectCreationOperation": "true" } }),
    refuse("RefuseOtherCiphers", { Null: { [CIPHER_OF_PUT]: "false" }, StringNotEquals: { [CIPHER_OF_PUT]: "aws:kms" } }),
    refuse("RefuseOtherKeys", { Null: { [KEY_OF_PUT]: "false" }, StringNotEquals: { [KEY_OF_PUT]: key.keyArn } }),
  ];
}
