/**
 * A state machine of the fleet. The definition is the file that people read in `statemachines/`; here each `${PascalCase}` placeholder
 * becomes a function's ARN.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ArnFormat, RemovalPolicy, Stack } from "aws-cdk-lib";
import { Policy, PolicyStatement, Role, ServicePrincipal } from "aws-cdk-lib/aws-iam";
import { LogGroup } from "aws-cdk-lib/aws-logs";
import { DefinitionBody, LogLevel, StateMachine, StateMachineType } from "aws-cdk-lib/aws-stepfunctions";
import { Construct } from "constructs";
import { projectRoot } from "../bundle.ts";
import { acknowledge } from "../exceptions.ts";
import { pascalCase } from "../modules/declaration.ts";
import { type FleetFunction, LOG_RETENTION } from "./fleet-function.ts";

export type WorkflowProps = {
  readonly name: string;
  /** In `statemachines/`. */
  readonly definition: string;
  readonly does: string;
  readonly comment: string;
  readonly steps: readonly FleetFunction[];
};

export class Workflow extends Construct {
  readonly machine: StateMachine;

  constructor(scope: Construct, id: string, { name, definition, does, comment, steps }: WorkflowProps) {
    super(scope, id);
    const text = readFileSync(join(projectRoot, "statemachines", definition), "utf8");
    const called = steps.filter((step) => text.includes(`\${${pascalCase(step.declaration.name)}}`));
    const logs = new LogGroup(this, "Log", {
      logGroupName: `/aws/vendedlogs/states/${name}`,
      retention: LOG_RETENTION,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    const role = new Role(this, "Role", { assumedBy: new ServicePrincipal("states.amazonaws.com"), description: does });
    const calls = new Policy(this, "Calls", {
      roles: [role],
      statements: [new PolicyStatement({ actions: ["lambda:InvokeFunction"], resources: called.map((step) => step.function.functionArn) })],
    });
    this.machine = new StateMachine(this, "StateMachine", {
      stateMachineName: name,
      stateMachineType: StateMachineType.STANDARD,
      definitionBody: DefinitionBody.fromString(text),
      definitionSubstitutions: Object.fromEntries(called.map((step) => [pascalCase(step.declaration.name), step.function.functionArn])),
      role,
      /** Without the data: an approval's task token is a secret, and the log is no place for one. */
      logs: { destination: logs, level: LogLevel.ALL, includeExecutionData: false },
      tracingEnabled: true,
      comment,
    });
    this.machine.node.addDependency(calls);
    if (text.includes('"DISTRIBUTED"')) this.allowDistributedMap(role, name);
    acknowledge(
      role,
      "AwsSolutions-IAM5[Resource::*]",
      "Log delivery (logs:CreateLogDelivery and its kin) and X-Ray (xray:PutTraceSegments and its kin) have no resource that a policy could name; the calls to functions are a policy of their own that names each.",
    );
  }

  /** A distributed Map starts, watches and stops executions of its own machine. */
  private allowDistributedMap(role: Role, name: string): void {
    const stack = Stack.of(this);
    const arn = (resource: string, resourceName: string): string =>
      stack.formatArn({ service: "states", resource, resourceName, arnFormat: ArnFormat.COLON_RESOURCE_NAME });
    const executions = arn("execution", `${name}/*`);
    new Policy(this, "Batches", {
      roles: [role],
      statements: [
        new PolicyStatement({ actions: ["states:StartExecution"], resources: [arn("stateMachine", name)] }),
        new PolicyStatement({ actions: ["states:DescribeExecution", "states:StopExecution"], resources: [executions] }),
      ],
    });
    acknowledge(
      this,
      `AwsSolutions-IAM5[Resource::${executions}]`,
      "A Map's executions have names that Step Functions makes up, below the machine's own.",
    );
  }
}
