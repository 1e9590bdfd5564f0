/**
 * The bucket of a Region's history: what its observer saw of each node, for training, and in the home Region the models that were trained on
 * it. Objects are written once; history is let go after its time, models are not, since one may be live for as long as it is the best. The bucket itself refuses a write that would not fail on an object that exists, so it needs no versions.
 *
 * Encrypted by a key that S3 owns, as the tables are by DynamoDB's and for the same reason: latencies and shares are no secret from
 * whoever administers the account, and a customer's key is one more thing to lose.
 */
import { Duration, Stack } from "aws-cdk-lib";
import { AnyPrincipal, Effect, PolicyStatement, type Role } from "aws-cdk-lib/aws-iam";
import { BlockPublicAccess, Bucket, BucketEncryption, ObjectOwnership } from "aws-cdk-lib/aws-s3";
import type { Construct } from "constructs";
import { MODELS_PREFIX } from "../../core/kernel/live-model.ts";
import { resourceNames } from "../../core/kernel/names.ts";
import type { Deployment } from "../deployment.ts";
import { acknowledge } from "../exceptions.ts";
import type { HistoryUse } from "../modules/declaration.ts";

/** A year, so that each season is there once, and five weeks, so that a season can be held against the same one a year before. */
export const HISTORY_DAYS = 400;
const UNFINISHED_DAYS = 1;
const TLS_VERSION_MIN = 1.2;
const HISTORY_PREFIX = "history/";
const OBJECTS = { history: `${HISTORY_PREFIX}*`, models: `${MODELS_PREFIX}*` } as const;

export function declareHistory(scope: Construct, deployment: Deployment): Bucket {
  const { account, region } = Stack.of(scope);
  const bucket = new Bucket(scope, "History", {
    bucketName: resourceNames(deployment.fleet.fleet).historyBucket(account, region),
    encryption: BucketEncryption.S3_MANAGED,
    blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
    objectOwnership: ObjectOwnership.BUCKET_OWNER_ENFORCED,
    enforceSSL: true,
    minimumTLSVersion: TLS_VERSION_MIN,
    lifecycleRules: [
      {
        id: "let-go",
        prefix: HISTORY_PREFIX,
        expiration: Duration.days(HISTORY_DAYS),
        abortIncompleteMultipartUploadAfter: Duration.days(UNFINISHED_DAYS),
      },
    ],
    removalPolicy: deployment.removalPolicy,
  });
  bucket.addToResourcePolicy(
    new PolicyStatement({
      sid: "RefuseOverwriting",
      effect: Effect.DENY,
      principals: [new AnyPrincipal()],
      actions: ["s3:PutObject"],
      resources: Object.values(OBJECTS).map((objects) => bucket.arnForObjects(objects)),
      conditions: { Null: { "s3:if-none-match": "true" }, Bool: { "s3:ObjectCreationOperation": "true" } },
    }),
  );
  acknowledge(
    bucket,
    "AwsSolutions-S1",
    "Server access logs would need a second bucket that is no better guarded than this one; who read or wrote an object is told by CloudTrail's data events, which the account's owner switches on for all buckets at once.",
  );
  return bucket;
}

/**
 * Nobody here may delete: the bucket's lifecycle does. Who may list may list all of it, as S3 tells an absent object from a forbidden
 * one only to who may.
 */
export function allowHistory(role: Role, deployment: Deployment, use: HistoryUse): void {
  allowObjects(role, bucketName(role, deployment, Stack.of(role).region), { what: "history", use });
}

/** The home Region's, wherever the function runs: there is one live model, and one place to look for it. */
export function allowModels(role: Role, deployment: Deployment, use: HistoryUse): void {
  allowObjects(role, bucketName(role, deployment, deployment.fleet.regions.home), { what: "models", use });
}

/** By name, since another Region's stack may have declared it. */
export function bucketName(scope: Construct, { fleet }: Deployment, region: string): string {
  return resourceNames(fleet.fleet).historyBucket(Stack.of(scope).account, region);
}

function allowObjects(role: Role, resource: string, { what, use }: { what: keyof typeof OBJECTS; use: HistoryUse }): void {
  const bucket = Stack.of(role).formatArn({ service: "s3", region: "", account: "", resource });
  const objects = `${bucket}/${OBJECTS[what]}`;
  role.addToPolicy(new PolicyStatement({ actions: ["s3:ListBucket"], resources: [bucket] }));
  role.addToPolicy(new PolicyStatement({ actions: use === "writes" ? ["s3:GetObject", "s3:PutObject"] : ["s3:GetObject"], resources: [objects] }));
  acknowledge(
    role,
    `AwsSolutions-IAM5[Resource::${objects}]`,
    "Objects of history are named by node, observer and day, models by version, and a policy names them by the bucket and the prefix that they are in.",
  );
}
