/** What a fleet's stacks have put into the emulator's account, by name, so that "nothing is left" can be counted. */
import { CloudFormationClient, DescribeStacksCommand } from "@aws-sdk/client-cloudformation";
import { CloudWatchClient, DescribeAlarmsCommand } from "@aws-sdk/client-cloudwatch";
import { DynamoDBClient, ListTablesCommand } from "@aws-sdk/client-dynamodb";
import { EventBridgeClient, ListEventBusesCommand } from "@aws-sdk/client-eventbridge";
import { KMSClient, ListAliasesCommand } from "@aws-sdk/client-kms";
import { LambdaClient, ListFunctionsCommand } from "@aws-sdk/client-lambda";
import { ListStateMachinesCommand, SFNClient } from "@aws-sdk/client-sfn";
import { CREDENTIALS } from "../localstack/deploy/cdk.ts";

/** Every name that resourceNames gives begins so; the CDK's own bootstrap does not. */
const OURS = /(^|\/)synnergy-/;

/** `<Region>/<kind>/<name>` of all that a stack of ours made; a first page of each kind holds all of them. */
export async function whatIsThere(endpoint: string, regions: readonly string[]): Promise<string[]> {
  const found: string[] = [];
  for (const region of regions) {
    const at = { endpoint, region, credentials: CREDENTIALS };
    const kinds: [string, Promise<readonly (string | undefined)[]>][] = [
      ["stack", new CloudFormationClient(at).send(new DescribeStacksCommand({})).then((all) => (all.Stacks ?? []).map((one) => one.StackName))],
      ["function", new LambdaClient(at).send(new ListFunctionsCommand({})).then((all) => (all.Functions ?? []).map((one) => one.FunctionName))],
      ["table", new DynamoDBClient(at).send(new ListTablesCommand({})).then((all) => all.TableNames ?? [])],
      ["state machine", new SFNClient(at).send(new ListStateMachinesCommand({})).then((all) => (all.stateMachines ?? []).map((one) => one.name))],
      ["bus", new EventBridgeClient(at).send(new ListEventBusesCommand({})).then((all) => (all.EventBuses ?? []).map((one) => one.Name))],
      ["key alias", new KMSClient(at).send(new ListAliasesCommand({})).then((all) => (all.Aliases ?? []).map((one) => one.AliasName))],
      ["alarm", new CloudWatchClient(at).send(new DescribeAlarmsCommand({})).then((all) => (all.MetricAlarms ?? []).map((one) => one.AlarmName))],
    ];
    for (const [kind, names] of kinds) for (const name of await names) if (OURS.test(name ?? "")) found.push(`${region}/${kind}/${name}`);
  }
  return found;
}

/** The digest of each function's code, by `<Region>/<name>`. */
export async function functionDigests(endpoint: string, regions: readonly string[]): Promise<Map<string, string>> {
  const digests = new Map<string, string>();
  for (const region of regions) {
    const { Functions = [] } = await new LambdaClient({ endpoint, region, credentials: CREDENTIALS }).send(new ListFunctionsCommand({}));
    for (const { FunctionName, CodeSha256 } of Functions) digests.set(`${region}/${FunctionName}`, CodeSha256 ?? "");
  }
  return digests;
}
