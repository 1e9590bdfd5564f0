/**
 * One function of the control plane: its code, its log, and a role that may do what its declaration says and no more.
 * Access to the registry is by kind of record, since a kind is a partition and IAM can hold a caller to its leading keys:
 * a function that only closes incidents cannot touch a lease, whatever bug it has.
 */
import { ArnFormat, Duration, RemovalPolicy, Stack } from "aws-cdk-lib";
import { Effect, PolicyStatement, Role, ServicePrincipal } from "aws-cdk-lib/aws-iam";
import { type CfnFunction, Code, Function as LambdaFunction, type LayerVersion, Runtime } from "aws-cdk-lib/aws-lambda";
import { LogGroup, RetentionDays } from "aws-cdk-lib/aws-logs";
import type { Queue } from "aws-cdk-lib/aws-sqs";
import { Construct } from "constructs";
import { ENVIRONMENT } from "../../core/kernel/environment.ts";
import { EVENT_SOURCE } from "../../core/kernel/events.ts";
import type { RegionName } from "../../core/kernel/ids.ts";
import { resourceNames } from "../../core/kernel/names.ts";
import { RECORDS, type RecordKind } from "../../core/kernel/records.ts";
import type { BundledFunction } from "../bundle.ts";
import type { Deployment } from "../deployment.ts";
import { acknowledge } from "../exceptions.ts";
import { type FunctionDeclaration, pascalCase } from "../modules/declaration.ts";
import { allowCapacity } from "./capacity-permissions.ts";
import { allowVault } from "./vault-permissions.ts";

/** Logs explain; the record of what was done is the journal in the registry, which does not expire. */
export const LOG_RETENTION = RetentionDays.ONE_MONTH;

/** What Lambda needs of EC2 to place a function in a network; each is checked against any resource. */
const NETWORK_ACTIONS = [
  "ec2:AssignPrivateIpAddresses",
  "ec2:CreateNetworkInterface",
  "ec2:DeleteNetworkInterface",
  "ec2:DescribeNetworkInterfaces",
  "ec2:DescribeSubnets",
  "ec2:UnassignPrivateIpAddresses",
];

export type FleetFunctionProps = {
  readonly deployment: Deployment;
  readonly declaration: FunctionDeclaration;
  readonly code: BundledFunction;
  readonly environment: Readonly<Record<string, string>>;
  readonly busArn: string;
  readonly undelivered: Queue;
  readonly layers?: readonly LayerVersion[];
};

export class FleetFunction extends Construct {
  readonly declaration: FunctionDeclaration;
  readonly function: LambdaFunction;
  readonly role: Role;

  constructor(scope: Construct, props: FleetFunctionProps) {
    const { declaration, deployment } = props;
    super(scope, pascalCase(declaration.name));
    this.declaration = declaration;
    const functionName = resourceNames(deployment.fleet.fleet).function(declaration.name);
    const logGroup = new LogGroup(this, "Log", {
      logGroupName: `/aws/lambda/${functionName}`,
      retention: LOG_RETENTION,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    this.role = new Role(this, "Role", { assumedBy: new ServicePrincipal("lambda.amazonaws.com"), description: declaration.purpose });
    this.function = new LambdaFunction(this, "Function", {
      functionName,
      description: declaration.purpose,
      runtime: Runtime.NODEJS_24_X,
      architecture: deployment.architecture,
      handler: props.code.handler,
      code: Code.fromAsset(props.code.folder),
      timeout: Duration.seconds(declaration.timeoutS),
      memorySize: declaration.memoryMiB,
      role: this.role,
      logGroup,
      environment: { ...props.environment, [ENVIRONMENT.module]: declaration.module },
      ...(declaration.reservedConcurrency ? { reservedConcurrentExecutions: declaration.reservedConcurrency } : {}),
      ...(declaration.asynchronous
        ? {
            deadLetterQueue: props.undelivered,
            retryAttempts: declaration.asynchronous.retries,
            maxEventAge: Duration.seconds(declaration.asynchronous.eventAgeS),
          }
        : {}),
      ...(props.layers ? { layers: [...props.layers] } : {}),
    });
    this.role.addToPolicy(new PolicyStatement({ actions: ["logs:CreateLogStream", "logs:PutLogEvents"], resources: [logGroup.logGroupArn] }));
    this.allowRecords(deployment);
    if (declaration.publishes) this.allowPublishing(props.busArn);
    allowVault(this.role, deployment, declaration.vault ?? []);
    allowCapacity(this.role, deployment.fleet, declaration.capacity);
    this.placeInNetwork(deployment);
  }

  private allowRecords(deployment: Deployment): void {
    const { reads, writes } = this.declaration;
    for (const transient of [false, true]) {
      const here = (kinds: readonly RecordKind[]) => kinds.filter((kind) => RECORDS[kind].transient === transient);
      const table = tableArn(this, deployment, transient ? "vitals" : "registry");
      const fleet = deployment.fleet.fleet;
      this.allowKinds(["dynamodb:GetItem", "dynamodb:Query"], table, fleet, here(reads));
      /** A refused conditional write is read again, to tell our own lost answer from somebody else's change. */
      this.allowKinds(["dynamodb:GetItem", "dynamodb:PutItem"], table, fleet, here(writes));
    }
  }

  private allowKinds(actions: string[], table: string, fleet: string, kinds: readonly RecordKind[]): void {
    if (kinds.length === 0) return;
    const keys = kinds.map((kind) => `${fleet}#${kind}`).toSorted();
    this.role.addToPolicy(
      new PolicyStatement({ actions, resources: [table], conditions: { "ForAllValues:StringEquals": { "dynamodb:LeadingKeys": keys } } }),
    );
  }

  private allowPublishing(busArn: string): void {
    this.role.addToPolicy(
      new PolicyStatement({ actions: ["events:PutEvents"], resources: [busArn], conditions: { StringEquals: { "events:source": EVENT_SOURCE } } }),
    );
  }

  private placeInNetwork({ fleet, rehearsal }: Deployment): void {
    const network = fleet.regions.networks?.[Stack.of(this).region as RegionName];
    if (!network || rehearsal || !this.declaration.reachesNetwork) return;
    const { subnetIds, securityGroupIds } = network;
    (this.function.node.defaultChild as CfnFunction).vpcConfig = { subnetIds: [...subnetIds], securityGroupIds: [...securityGroupIds] };
    /** Spelled out: by reference, function and policy would each wait for the other. */
    const functionArn = Stack.of(this).formatArn({
      service: "lambda",
      resource: "function",
      resourceName: resourceNames(fleet.fleet).function(this.declaration.name),
      arnFormat: ArnFormat.COLON_RESOURCE_NAME,
    });
    const place = new PolicyStatement({ actions: NETWORK_ACTIONS, resources: ["*"] });
    /** The service may place the function; the function's own code may not touch the network it stands in. */
    const notByCode = new PolicyStatement({
      effect: Effect.DENY,
      actions: NETWORK_ACTIONS,
      resources: ["*"],
      conditions: { ArnEquals: { "lambda:SourceFunctionArn": functionArn } },
    });
    this.role.addToPolicy(place);
    this.role.addToPolicy(notByCode);
    acknowledge(
      this.role,
      "AwsSolutions-IAM5[Resource::*]",
      "Lambda checks the network-interface actions that place a function in a VPC against any resource; a second statement denies the same actions to the function's own code.",
    );
  }
}

/** By name, since a Region's functions use a table that another Region's stack may have declared. */
function tableArn(scope: Construct, { fleet, registryRegionOf }: Deployment, which: "registry" | "vitals"): string {
  const names = resourceNames(fleet.fleet);
  const stack = Stack.of(scope);
  return stack.formatArn({
    service: "dynamodb",
    region: which === "registry" ? registryRegionOf(stack.region) : stack.region,
    resource: "table",
    resourceName: which === "registry" ? names.registryTable : names.vitalsTable,
  });
}
