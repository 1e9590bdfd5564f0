/**
 * The failover state machine, and the rules that start it. The definition is the file that people read in
 * `statemachines/`; here each `${PascalCase}` placeholder becomes a function's ARN. A start is worth a minute at most:
 * the watcher condemns again while a fault lasts, and a role moved for an old fault would be a fault of its own.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Duration, RemovalPolicy } from "aws-cdk-lib";
import { EventField, type IEventBus, Rule, RuleTargetInput } from "aws-cdk-lib/aws-events";
import { SfnStateMachine } from "aws-cdk-lib/aws-events-targets";
import { Policy, PolicyStatement, Role, ServicePrincipal } from "aws-cdk-lib/aws-iam";
import { LogGroup } from "aws-cdk-lib/aws-logs";
import type { Queue } from "aws-cdk-lib/aws-sqs";
import { DefinitionBody, LogLevel, StateMachine, StateMachineType } from "aws-cdk-lib/aws-stepfunctions";
import { Construct } from "constructs";
import { EVENT_SOURCE, type EventName } from "../../core/kernel/events.ts";
import { resourceNames } from "../../core/kernel/names.ts";
import { projectRoot } from "../bundle.ts";
import type { Deployment } from "../deployment.ts";
import { acknowledge } from "../exceptions.ts";
import { pascalCase } from "../modules/failover.ts";
import { type FleetFunction, LOG_RETENTION } from "./fleet-function.ts";

export const FAILOVER_DEFINITION = join(projectRoot, "statemachines", "failover.asl.json");

/** Our own words come from our own source alone; a request may come from anybody whom the account lets publish. */
const OURS: readonly EventName[] = ["failover.node-condemned", "failover.role-unheld"];
const ANYBODYS: readonly EventName[] = ["failover.requested"];

const START_AGE = Duration.minutes(1);
const START_ATTEMPTS = 5;

export type FailoverWorkflowProps = {
  readonly deployment: Deployment;
  readonly steps: readonly FleetFunction[];
  readonly bus: IEventBus;
  readonly undelivered: Queue;
};

export class FailoverWorkflow extends Construct {
  readonly machine: StateMachine;

  constructor(scope: Construct, props: FailoverWorkflowProps) {
    super(scope, "Failover");
    const names = resourceNames(props.deployment.fleet.fleet);
    const logs = new LogGroup(this, "Log", {
      logGroupName: `/aws/vendedlogs/states/${names.stateMachine}`,
      retention: LOG_RETENTION,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    const role = new Role(this, "Role", { assumedBy: new ServicePrincipal("states.amazonaws.com"), description: "Calls the steps of a failover." });
    const calls = new Policy(this, "Calls", {
      roles: [role],
      statements: [new PolicyStatement({ actions: ["lambda:InvokeFunction"], resources: props.steps.map((step) => step.function.functionArn) })],
    });
    this.machine = new StateMachine(this, "StateMachine", {
      stateMachineName: names.stateMachine,
      stateMachineType: StateMachineType.STANDARD,
      definitionBody: DefinitionBody.fromString(readFileSync(FAILOVER_DEFINITION, "utf8")),
      definitionSubstitutions: Object.fromEntries(props.steps.map((step) => [pascalCase(step.declaration.name), step.function.functionArn])),
      role,
      /** Without the data: an approval's task token is a secret, and the log is no place for one. */
      logs: { destination: logs, level: LogLevel.ALL, includeExecutionData: false },
      tracingEnabled: true,
      comment: 'Moves a role to a healthy node. Start it with {"fleet": …, "role": …} and nothing else.',
    });
    this.machine.node.addDependency(calls);
    acknowledge(
      role,
      "AwsSolutions-IAM5[Resource::*]",
      "Log delivery (logs:CreateLogDelivery and its kin) and X-Ray (xray:PutTraceSegments and its kin) have no resource that a policy could name; the calls to functions are a policy of their own that names each.",
    );
    this.startedBy("Condemned", { source: [EVENT_SOURCE], detailType: [...OURS] }, props);
    this.startedBy("Requested", { detailType: [...ANYBODYS] }, props);
  }

  private startedBy(id: string, pattern: { source?: string[]; detailType: string[] }, { deployment, bus, undelivered }: FailoverWorkflowProps): void {
    const input = RuleTargetInput.fromObject({
      fleet: EventField.fromPath("$.detail.fleet"),
      role: EventField.fromPath("$.detail.role"),
      cause: EventField.detailType,
      event: EventField.fromPath("$.detail"),
    });
    new Rule(this, id, {
      eventBus: bus,
      description: `Starts a failover on ${pattern.detailType.join(" or ")}.`,
      eventPattern: { ...pattern, detail: { fleet: [deployment.fleet.fleet] } },
      targets: [new SfnStateMachine(this.machine, { input, deadLetterQueue: undelivered, maxEventAge: START_AGE, retryAttempts: START_ATTEMPTS })],
    });
  }
}
