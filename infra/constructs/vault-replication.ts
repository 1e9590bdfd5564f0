/**
 * From the vault's home to each copy, by S3 itself: every object, within minutes, and told when not. Deletions are not copied:
 * each Region sweeps itself, so that whoever can delete in one cannot empty them all. What could not be copied waits, with S3's
 * reason, in a queue for a person; S3 sends these events to queues, not to EventBridge.
 */
import { Duration, Stack } from "aws-cdk-lib";
import { PolicyStatement, Role, ServicePrincipal } from "aws-cdk-lib/aws-iam";
import type { IKey } from "aws-cdk-lib/aws-kms";
import type { Bucket, CfnBucket } from "aws-cdk-lib/aws-s3";
import { Queue, QueueEncryption } from "aws-cdk-lib/aws-sqs";
import type { Construct } from "constructs";
import { resourceNames } from "../../core/kernel/names.ts";
import type { Deployment } from "../deployment.ts";
import { acknowledge } from "../exceptions.ts";
import { vaultBucketArn } from "./vault-bucket.ts";
import { throughBucket } from "./vault-key.ts";

/** The one value that S3 takes. */
const THRESHOLD = { minutes: 15 };
/** SQS's longest: a person on leave still finds it. */
const UNREPLICATED_DAYS = 14;
const EVENTS = ["s3:Replication:OperationFailedReplication", "s3:Replication:OperationMissedThreshold", "s3:Replication:OperationNotTracked"];

export const replicationRuleId = (replica: string): string => `to-${replica}`;

export function replicateVault(
  scope: Construct,
  deployment: Deployment,
  { bucket, key, replicas }: { bucket: Bucket; key: IKey; replicas: readonly string[] },
): void {
  const { fleet } = deployment.fleet;
  const home = vaultBucketArn(scope, fleet, Stack.of(scope).region);
  const role = declareRole(scope, { fleet, home, key, replicas });
  const queue = declareUnreplicated(scope, deployment, home);
  const resource = bucket.node.defaultChild as CfnBucket;
  resource.replicationConfiguration = {
    role: role.roleArn,
    rules: replicas.map((replica, index) => ({
      id: replicationRuleId(replica),
      priority: index + 1,
      status: "Enabled",
      filter: { prefix: "" },
      deleteMarkerReplication: { status: "Disabled" },
      sourceSelectionCriteria: { sseKmsEncryptedObjects: { status: "Enabled" } },
      destination: {
        bucket: vaultBucketArn(scope, fleet, replica),
        encryptionConfiguration: { replicaKmsKeyId: aliasArn(scope, fleet, replica) },
        metrics: { status: "Enabled", eventThreshold: THRESHOLD },
        replicationTime: { status: "Enabled", time: THRESHOLD },
      },
    })),
  };
  resource.notificationConfiguration = {
    eventBridgeConfiguration: { eventBridgeEnabled: true },
    queueConfigurations: EVENTS.map((event) => ({ event, queue: queue.queueArn })),
  };
  /** S3 looks at once whether it may assume the role and write to the queue. */
  bucket.node.addDependency(role, queue);
}

/** The key by its alias: its id is known in its own Region alone. */
function aliasArn(scope: Construct, fleet: string, region: string): string {
  return Stack.of(scope).formatArn({ service: "kms", region, resource: resourceNames(fleet).vaultAlias });
}

/** S3 may read versions with their locks here, and write replicas there; not delete, and not under another owner. */
function declareRole(
  scope: Construct,
  { fleet, home, key, replicas }: { fleet: string; home: string; key: IKey; replicas: readonly string[] },
): Role {
  const stack = Stack.of(scope);
  const role = new Role(scope, "Replication", {
    assumedBy: new ServicePrincipal("s3.amazonaws.com"),
    description: "S3 copies the vault's objects to its other Regions",
  });
  const allow = (actions: string[], resources: string[], conditions?: Record<string, Record<string, string | string[]>>) =>
    role.addToPolicy(new PolicyStatement({ actions, resources, ...(conditions === undefined ? {} : { conditions }) }));
  allow(["s3:GetReplicationConfiguration", "s3:ListBucket"], [home]);
  const versions = ["s3:GetObjectVersionAcl", "s3:GetObjectVersionForReplication", "s3:GetObjectVersionTagging"];
  allow([...versions, "s3:GetObjectLegalHold", "s3:GetObjectRetention"], [`${home}/*`]);
  allow(["kms:Decrypt"], [key.keyArn], throughBucket(home, stack.region));
  for (const replica of replicas) {
    const there = vaultBucketArn(scope, fleet, replica);
    allow(["s3:ReplicateObject", "s3:ReplicateTags"], [`${there}/*`]);
    const keys = stack.formatArn({ service: "kms", region: replica, resource: "key", resourceName: "*" });
    const ours = { "ForAnyValue:StringEquals": { "kms:ResourceAliases": resourceNames(fleet).vaultAlias } };
    allow(["kms:Encrypt", "kms:GenerateDataKey"], [keys], { ...throughBucket(there, replica), ...ours });
    acknowledge(
      role,
      `AwsSolutions-IAM5[Resource::${there}/*]`,
      "S3 replicates every object of the vault, and a policy names objects by the bucket that they are in.",
    );
    acknowledge(
      role,
      `AwsSolutions-IAM5[Resource::${keys}]`,
      "IAM takes no alias as a resource and the key's id is known in its own Region alone; a condition holds the permission to the key that bears the vault's alias, used by S3 for the vault's bucket.",
    );
  }
  acknowledge(
    role,
    `AwsSolutions-IAM5[Resource::${home}/*]`,
    "S3 replicates every object of the vault, and a policy names objects by the bucket that they are in.",
  );
  return role;
}

function declareUnreplicated(scope: Construct, deployment: Deployment, home: string): Queue {
  const queue = new Queue(scope, "Unreplicated", {
    queueName: resourceNames(deployment.fleet.fleet).vaultUnreplicated,
    encryption: QueueEncryption.SQS_MANAGED,
    enforceSSL: true,
    retentionPeriod: Duration.days(UNREPLICATED_DAYS),
    removalPolicy: deployment.removalPolicy,
  });
  queue.addToResourcePolicy(
    new PolicyStatement({
      principals: [new ServicePrincipal("s3.amazonaws.com")],
      actions: ["sqs:SendMessage"],
      resources: [queue.queueArn],
      conditions: { ArnEquals: { "aws:SourceArn": home }, StringEquals: { "aws:SourceAccount": Stack.of(scope).account } },
    }),
  );
  acknowledge(
    queue,
    "AwsSolutions-SQS3",
    "Nothing takes messages from this queue by itself: it is where what S3 could not copy waits for a person, so nothing can fail into another queue.",
  );
  return queue;
}
