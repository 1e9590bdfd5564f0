/**
 * Gives the emulator by API what its CloudFormation forgot, then reads each back and compares. It throws, naming the resource and
 * the property, for a wish on the list that cannot be granted or was not kept. Running it again changes nothing.
 */
import { CloudFormationClient, paginateListStackResources } from "@aws-sdk/client-cloudformation";
import {
  DescribeContinuousBackupsCommand,
  DescribeTableCommand,
  DescribeTimeToLiveCommand,
  DynamoDBClient,
  UpdateContinuousBackupsCommand,
  UpdateTableCommand,
  UpdateTimeToLiveCommand,
} from "@aws-sdk/client-dynamodb";
import {
  GetFunctionConcurrencyCommand,
  GetFunctionConfigurationCommand,
  LambdaClient,
  PutFunctionConcurrencyCommand,
  UpdateFunctionConfigurationCommand,
} from "@aws-sdk/client-lambda";
import { S3Client } from "@aws-sdk/client-s3";
import type { SynthesizedStack } from "./assembly.ts";
import { ACCOUNT, CREDENTIALS } from "./cdk.ts";
import { readDropped, type Wish } from "./dropped-properties.ts";
import type { Grant } from "./grant.ts";
import { bucketGrant } from "./grant-bucket.ts";

type Clients = { readonly dynamo: DynamoDBClient; readonly lambda: LambdaClient; readonly s3: S3Client };

export type Applied = { readonly checked: number; readonly applied: readonly string[] };

export async function applyDropped({ endpoint, stacks }: { endpoint: string; stacks: readonly SynthesizedStack[] }): Promise<Applied> {
  const applied: string[] = [];
  let checked = 0;
  for (const stack of stacks) {
    const { wishes, refusals } = readDropped(stack.template, stack.region);
    if (refusals.length > 0) {
      throw new Error(
        `stack ${stack.name} asks for what the emulator's CloudFormation drops without a word, and localstack/deploy cannot put back: ${refusals.join("; ")}. Teach it to, or leave the property out of a rehearsal.`,
      );
    }
    const client = { endpoint, region: stack.region, credentials: CREDENTIALS };
    const clients: Clients = {
      dynamo: new DynamoDBClient(client),
      lambda: new LambdaClient(client),
      s3: new S3Client({ ...client, forcePathStyle: true }),
    };
    const names = await physicalNames(new CloudFormationClient(client), stack.name);
    for (const wish of wishes) {
      checked += 1;
      const label = `${stack.name}/${wish.logicalId} ${wish.kind}`;
      if (await granted(label, grantOf(wish, clients, names, stack.region))) applied.push(label);
    }
  }
  return { checked, applied };
}

/** Resolves to whether anything had to be done. */
async function granted(label: string, grant: Grant): Promise<boolean> {
  if ((await grant.read()) === grant.wanted) return false;
  await grant.apply();
  const found = await grant.read();
  if (found !== grant.wanted) throw new Error(`${label}: asked the emulator for ${grant.wanted}, it keeps ${found}.`);
  return true;
}

function grantOf(wish: Wish, { dynamo, lambda, s3 }: Clients, names: ReadonlyMap<string, string>, region: string): Grant {
  const name = nameOf(wish.logicalId, names);
  switch (wish.kind) {
    case "time-to-live":
      return {
        wanted: wish.attribute,
        async read() {
          const { TimeToLiveDescription: found } = await dynamo.send(new DescribeTimeToLiveCommand({ TableName: name }));
          return found?.TimeToLiveStatus === "ENABLED" ? (found.AttributeName ?? "none") : "none";
        },
        apply: () =>
          dynamo.send(new UpdateTimeToLiveCommand({ TableName: name, TimeToLiveSpecification: { Enabled: true, AttributeName: wish.attribute } })),
      };
    case "point-in-time-recovery":
      return {
        wanted: "ENABLED",
        async read() {
          const { ContinuousBackupsDescription: found } = await dynamo.send(new DescribeContinuousBackupsCommand({ TableName: name }));
          return found?.PointInTimeRecoveryDescription?.PointInTimeRecoveryStatus ?? "DISABLED";
        },
        apply: () =>
          dynamo.send(
            new UpdateContinuousBackupsCommand({ TableName: name, PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true } }),
          ),
      };
    case "deletion-protection":
      return {
        wanted: "true",
        async read() {
          const { Table } = await dynamo.send(new DescribeTableCommand({ TableName: name }));
          return String(Table?.DeletionProtectionEnabled ?? false);
        },
        apply: () => dynamo.send(new UpdateTableCommand({ TableName: name, DeletionProtectionEnabled: true })),
      };
    case "reserved-concurrency":
      return {
        wanted: String(wish.executions),
        async read() {
          const { ReservedConcurrentExecutions } = await lambda.send(new GetFunctionConcurrencyCommand({ FunctionName: name }));
          return String(ReservedConcurrentExecutions ?? "none");
        },
        apply: () => lambda.send(new PutFunctionConcurrencyCommand({ FunctionName: name, ReservedConcurrentExecutions: wish.executions })),
      };
    case "dead-letter-queue": {
      const target = queueArn(nameOf(wish.queueLogicalId, names), region);
      return {
        wanted: target,
        async read() {
          const { DeadLetterConfig } = await lambda.send(new GetFunctionConfigurationCommand({ FunctionName: name }));
          return DeadLetterConfig?.TargetArn ?? "none";
        },
        apply: () => lambda.send(new UpdateFunctionConfigurationCommand({ FunctionName: name, DeadLetterConfig: { TargetArn: target } })),
      };
    }
    default:
      return bucketGrant(wish, s3, (logicalId) => nameOf(logicalId, names), region);
  }
}

/** CloudFormation names a queue by its URL, whose last part is the queue's name. */
function queueArn(url: string, region: string): string {
  return `arn:aws:sqs:${region}:${ACCOUNT}:${url.split("/").at(-1)}`;
}

function nameOf(logicalId: string, names: ReadonlyMap<string, string>): string {
  const name = names.get(logicalId);
  if (name === undefined) throw new Error(`the template has ${logicalId}, the deployed stack has not; was it deployed from another synth?`);
  return name;
}

async function physicalNames(client: CloudFormationClient, stack: string): Promise<Map<string, string>> {
  const names = new Map<string, string>();
  for await (const page of paginateListStackResources({ client }, { StackName: stack })) {
    for (const { LogicalResourceId: id, PhysicalResourceId: name } of page.StackResourceSummaries ?? []) if (id && name) names.set(id, name);
  }
  return names;
}
