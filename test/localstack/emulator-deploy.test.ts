/**
 * Deploying onto the emulator: what `cdk deploy` puts up is there, complete with what the emulator's CloudFormation drops, a second
 * time changes nothing, and destroying leaves nothing. The reading of templates is pure and has its laws first.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { CloudFormationClient, ListStacksCommand } from "@aws-sdk/client-cloudformation";
import { DescribeContinuousBackupsCommand, DescribeTimeToLiveCommand, DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { GetFunctionConcurrencyCommand, GetFunctionConfigurationCommand, InvokeCommand, LambdaClient } from "@aws-sdk/client-lambda";
import * as fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { applyDropped } from "../../localstack/deploy/apply-dropped.ts";
import { readAssembly, Template } from "../../localstack/deploy/assembly.ts";
import { CREDENTIALS } from "../../localstack/deploy/cdk.ts";
import { type Deployed, type DeployOptions, deployStacks, destroyStacks } from "../../localstack/deploy/deploy-stacks.ts";
import { readDropped } from "../../localstack/deploy/dropped-properties.ts";
import { freePort } from "../../localstack/emulator/port.ts";
import { startEmulator } from "../../localstack/emulator/start-emulator.ts";
import { openProcesses, type Processes } from "../../localstack/processes/open-processes.ts";

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
const encryption = (ServerSideEncryptionByDefault: unknown) => ({ ServerSideEncryptionConfiguration: [{ ServerSideEncryptionByDefault }] });

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
    ["AWS::S3::Bucket", "LifecycleConfiguration", { Rules: [] }, { Rules: [{ Id: "sweep", Status: "Enabled", ExpirationInDays: 3 }] }],
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

describe("on the emulator", () => {
  let folder: string;
  let processes: Processes;
  let options: DeployOptions;
  let deployed: Deployed;
  const root = resolve(import.meta.dirname, "../..");
  const steps: string[] = [];

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "synnergy-deploy-test-"));
    processes = await openProcesses({ folder });
    const { endpoint } = await startEmulator({ processes, root, folder: join(folder, "emulator"), port: await freePort() });
    options = {
      processes,
      root,
      endpoint,
      folder: join(folder, "deploy"),
      fleetFile: "tiny",
      regions: { "us-east-1": `${endpoint}/?link=east`, "us-west-2": `${endpoint}/?link=west` },
      context: { version: "1" },
      app: `${process.execPath} ${join(root, "test", "localstack", "emulator-deploy-app.ts")}`,
      onProgress: ({ name, note }) => void steps.push(`${name}: ${note ?? ""}`),
    };
    deployed = await deployStacks(options);
  }, 400_000);

  afterAll(async () => {
    await processes.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const client = (region: string) => ({ endpoint: options.endpoint, region, credentials: CREDENTIALS });
  const answer = async (region: string): Promise<unknown> => {
    const FunctionName = deployed.outputs[`tiny-${region}`]?.FunctionName;
    const { Payload } = await new LambdaClient(client(region)).send(new InvokeCommand({ FunctionName }));
    return JSON.parse(new TextDecoder().decode(Payload));
  };

  test.each(["us-east-1", "us-west-2"])("the stack in %s is up, told of its own link, and complete", async (region) => {
    const { TableName, FunctionName } = deployed.outputs[`tiny-${region}`] ?? {};
    expect(await answer(region)).toEqual({ region, endpoint: options.regions[region], rehearsal: "true", version: "1" });
    const dynamo = new DynamoDBClient(client(region));
    const { TimeToLiveDescription } = await dynamo.send(new DescribeTimeToLiveCommand({ TableName }));
    expect(TimeToLiveDescription).toMatchObject({ AttributeName: "expiresAtS", TimeToLiveStatus: "ENABLED" });
    const { ContinuousBackupsDescription } = await dynamo.send(new DescribeContinuousBackupsCommand({ TableName }));
    expect(ContinuousBackupsDescription?.PointInTimeRecoveryDescription?.PointInTimeRecoveryStatus).toBe("ENABLED");
    const lambda = new LambdaClient(client(region));
    expect(await lambda.send(new GetFunctionConcurrencyCommand({ FunctionName }))).toMatchObject({ ReservedConcurrentExecutions: 2 });
    const { DeadLetterConfig } = await lambda.send(new GetFunctionConfigurationCommand({ FunctionName }));
    expect(DeadLetterConfig?.TargetArn).toMatch(new RegExp(`^arn:aws:sqs:${region}:000000000000:tiny-${region}-Undelivered`));
  });

  test("the list of what is dropped is still right: each of the four in both Regions had to be put back", () => {
    const kinds = ["time-to-live", "point-in-time-recovery", "reserved-concurrency", "dead-letter-queue"];
    const missing = kinds.filter((kind) => deployed.putBack.applied.filter((label) => label.endsWith(` ${kind}`)).length !== 2);
    expect(missing, "the emulator's CloudFormation keeps these by itself now: take them off the list").toEqual([]);
    expect(steps).toEqual(expect.arrayContaining(["synth: ", "bootstrap: us-east-1, us-west-2", "deploy: ", "put back: 8 of 8"]));
  });

  test("a second deploy bootstraps nothing and puts nothing back, and a change reaches the function that it changes", async () => {
    steps.length = 0;
    await deployStacks(options);
    expect(steps).toEqual(expect.arrayContaining(["bootstrap: was there", "put back: 0 of 8"]));
    await deployStacks({ ...options, context: { version: "2" } });
    expect(await answer("us-east-1")).toMatchObject({ version: "2" });
    expect((await applyDropped({ endpoint: options.endpoint, stacks: readAssembly(join(options.folder, "cdk.out")) })).applied).toEqual([]);
  });

  test("a stack that asks for what cannot be put back fails loudly, by name", async () => {
    await expect(deployStacks({ ...options, context: { version: "2", bucket: "true" } })).rejects.toThrow(
      /Vault\w+ \(AWS::S3::Bucket\): LifecycleConfiguration/,
    );
  });

  test("an app that fails is reported in its own words", async () => {
    await expect(deployStacks({ ...options, app: `${process.execPath} -e "throw new Error('no fleet today')"` })).rejects.toThrow("no fleet today");
  });

  test("destroying leaves no stack of ours", async () => {
    await destroyStacks(options);
    for (const region of Object.keys(options.regions)) {
      const { StackSummaries = [] } = await new CloudFormationClient(client(region)).send(new ListStacksCommand({}));
      const left = StackSummaries.filter(({ StackStatus }) => StackStatus !== "DELETE_COMPLETE").map(({ StackName }) => StackName);
      expect(left).toEqual(["CDKToolkit"]);
    }
  });
});
