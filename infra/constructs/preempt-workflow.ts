/**
 * The preempt state machine, what starts it, and the function that looks ahead. A start is worth a minute at most: the next look says it
 * again while the prediction holds.
 */
import { Duration } from "aws-cdk-lib";
import { EventField, type IEventBus, Rule, RuleTargetInput, Schedule } from "aws-cdk-lib/aws-events";
import { LambdaFunction as LambdaTarget, SfnStateMachine } from "aws-cdk-lib/aws-events-targets";
import { PolicyStatement } from "aws-cdk-lib/aws-iam";
import type { Queue } from "aws-cdk-lib/aws-sqs";
import type { StateMachine } from "aws-cdk-lib/aws-stepfunctions";
import type { Construct } from "constructs";
import { ENVIRONMENT } from "../../core/kernel/environment.ts";
import { EVENT_SOURCE, type EventName } from "../../core/kernel/events.ts";
import { resourceNames } from "../../core/kernel/names.ts";
import type { Deployment } from "../deployment.ts";
import type { FleetFunction } from "./fleet-function.ts";
import { Workflow } from "./workflow.ts";

const ENDANGERED: EventName = "prediction.node-endangered";
const MINUTE = Duration.minutes(1);
const START_ATTEMPTS = 5;

export type PreemptWorkflowProps = {
  readonly deployment: Deployment;
  readonly steps: readonly FleetFunction[];
  readonly named: (name: string) => FleetFunction;
  readonly failover: StateMachine;
  readonly bus: IEventBus;
  readonly undelivered: Queue;
};

export class PreemptWorkflow extends Workflow {
  constructor(scope: Construct, props: PreemptWorkflowProps) {
    const { deployment, steps, named, failover, bus, undelivered } = props;
    const { fleet } = deployment;
    super(scope, "Preempt", {
      name: resourceNames(fleet.fleet).preemptMachine,
      definition: "preempt.asl.json",
      does: "Calls the steps of a preemption.",
      comment: 'Acts before a node fails. Start it with {"fleet": …, "node": …} and nothing else.',
      steps,
    });
    const handsOver = named("relieve-node");
    handsOver.function.addEnvironment(ENVIRONMENT.stateMachine, failover.stateMachineArn);
    handsOver.role.addToPolicy(new PolicyStatement({ actions: ["states:StartExecution"], resources: [failover.stateMachineArn] }));
    const input = RuleTargetInput.fromObject({ fleet: EventField.fromPath("$.detail.fleet"), node: EventField.fromPath("$.detail.node") });
    new Rule(this, "Endangered", {
      eventBus: bus,
      description: `Starts a preemption on ${ENDANGERED}.`,
      eventPattern: { source: [EVENT_SOURCE], detailType: [ENDANGERED], detail: { fleet: [fleet.fleet] } },
      targets: [new SfnStateMachine(this.machine, { input, deadLetterQueue: undelivered, maxEventAge: MINUTE, retryAttempts: START_ATTEMPTS })],
    });
    new Rule(this, "EachMinute", {
      description: "Looks ahead for the fleet.",
      schedule: Schedule.rate(MINUTE),
      targets: [
        new LambdaTarget(named("foresee").function, {
          event: RuleTargetInput.fromObject({ fleet: fleet.fleet }),
          deadLetterQueue: undelivered,
          maxEventAge: MINUTE,
          retryAttempts: 1,
        }),
      ],
    });
  }
}
