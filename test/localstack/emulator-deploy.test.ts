/**
 * Deploying onto the emulator: what `cdk deploy` puts up is there, complete with what the emulator's CloudFormation drops, a second
 * time changes nothing, and destroying leaves nothing. How templates are read is in dropped-properties.test.ts.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { CloudFormationClient, ListStacksCommand } from "@aws-sdk/client-cloudformation";
import { DescribeContinuousBackupsCommand, DescribeTimeToLiveCommand, DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { GetFunctionConcurrencyCommand, GetFunctionConfigurationCommand, InvokeCommand, LambdaClient } from "@aws-sdk/client-lambda";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { applyDropped } from "../../localstack/deploy/apply-dropped.ts";
import { readAssembly } from "../../localstack/deploy/assembly.ts";
import { CREDENTIALS } from "../../localstack/deploy/cdk.ts";
import { type Deployed, type DeployOptions, deployStacks, destroyStacks } from "../../localstack/deploy/deploy-stacks.ts";
import { freePort } from "../../localstack/emulator/port.ts";
import { startEmulator } from "../../localstack/emulator/start-emulator.ts";
import { openProcesses, type Processes } from "../../localstack/processes/open-processes.ts";

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
