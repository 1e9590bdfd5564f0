/**
 * The failover state machine, and the rules that start it. A start is worth a minute at most: the watcher condemns again while a fault
 * lasts, and a role moved for an old fault would be a fault of its own.
 */
import { Duration } from "aws-cdk-lib";
import { EventField, type IEventBus, Rule, RuleTargetInput } from "aws-cdk-lib/aws-events";
import { SfnStateMachine } from "aws-cdk-lib/aws-events-targets";
import type { Queue } from "aws-cdk-lib/aws-sqs";
import type { Construct } from "constructs";
import { EVENT_SOURCE, type EventName } from "../../core/kernel/events.ts";
import { resourceNames } from "../../core/kernel/names.ts";
import type { Deployment } from "../deployment.ts";
import type { FleetFunction } from "./fleet-function.ts";
import { Workflow } from "./workflow.ts";

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

export class FailoverWorkflow extends Workflow {
  constructor(scope: Construct, props: FailoverWorkflowProps) {
    super(scope, "Failover", {
      name: resourceNames(props.deployment.fleet.fleet).stateMachine,
      definition: "failover.asl.json",
      does: "Calls the steps of a failover.",
      comment: 'Moves a role to a healthy node. Start it with {"fleet": …, "role": …} and nothing else.',
      steps: props.steps,
    });
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
