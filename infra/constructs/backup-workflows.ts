/**
 * What backs up and proves in one Region: a queue of requests and the two state machines. Backups are asked for in the vault's home only;
 * drills run wherever they are started, and by the clock in the home.
 */
import { Duration } from "aws-cdk-lib";
import { EventField, type IEventBus, Rule, RuleTargetInput, Schedule } from "aws-cdk-lib/aws-events";
import { LambdaFunction as LambdaTarget, SfnStateMachine, SqsQueue } from "aws-cdk-lib/aws-events-targets";
import { PolicyStatement } from "aws-cdk-lib/aws-iam";
import { EventSourceMapping } from "aws-cdk-lib/aws-lambda";
import { Queue, QueueEncryption } from "aws-cdk-lib/aws-sqs";
import { Construct } from "constructs";
import { ENVIRONMENT } from "../../core/kernel/environment.ts";
import type { EventName } from "../../core/kernel/events.ts";
import { resourceNames } from "../../core/kernel/names.ts";
import { vaultPlaces } from "../../core/kernel/vault-rules.ts";
import type { Deployment } from "../deployment.ts";
import type { FleetFunction } from "./fleet-function.ts";
import { Workflow } from "./workflow.ts";

const REQUESTED: EventName = "backup.requested";
/** Six times the function's time limit, as Lambda asks of a queue that it reads. */
const VISIBLE_AGAIN = Duration.minutes(3);
/** A request that is older was answered by the schedule long ago. */
const REQUEST_AGE = Duration.hours(1);
const RECEIVES_MAX = 5;
const UNDELIVERED_DAYS = 14;
/** Two requests at once are plenty: each takes a source's cell and starts an execution. */
const CONCURRENCY = 2;
const MINUTE = Duration.minutes(1);
const AUDIT_EVERY = Duration.minutes(15);
const SWEEP_EVERY = Duration.hours(12);

export type BackupWorkflowsProps = {
  readonly deployment: Deployment;
  readonly region: string;
  readonly named: (name: string) => FleetFunction;
  readonly steps: readonly FleetFunction[];
  readonly bus: IEventBus;
  readonly undelivered: Queue;
};

export class BackupWorkflows extends Construct {
  readonly queue: Queue;
  readonly refused: Queue;
  readonly backup: Workflow;
  readonly drill: Workflow;

  constructor(scope: Construct, props: BackupWorkflowsProps) {
    super(scope, "Backups");
    const { deployment, steps, named } = props;
    const names = resourceNames(deployment.fleet.fleet);
    this.backup = new Workflow(this, "Backup", {
      name: names.backupMachine,
      definition: "backup.asl.json",
      does: "Calls the steps of a backup.",
      comment: "Backs one source up and proves what was stored. Started by start-backup, which takes the source first.",
      steps,
    });
    this.drill = new Workflow(this, "RestoreDrill", {
      name: names.drillMachine,
      definition: "restore-drill.asl.json",
      does: "Calls the steps of a restore drill.",
      comment: 'Restores, boots, checks and catches up. Start it with {"fleet": …} and nothing else.',
      steps,
    });
    this.refused = new Queue(this, "Refused", {
      ...queueProps(deployment),
      queueName: `${names.backupQueue}-refused`,
      retentionPeriod: Duration.days(UNDELIVERED_DAYS),
    });
    this.queue = new Queue(this, "Requests", {
      ...queueProps(deployment),
      queueName: names.backupQueue,
      visibilityTimeout: VISIBLE_AGAIN,
      retentionPeriod: REQUEST_AGE,
      deadLetterQueue: { queue: this.refused, maxReceiveCount: RECEIVES_MAX },
    });
    this.takeRequests(named("start-backup"), props);
    this.byTheClock(props);
  }

  private takeRequests(starter: FleetFunction, { deployment, bus, undelivered }: BackupWorkflowsProps): void {
    starter.function.addEnvironment(ENVIRONMENT.stateMachine, this.backup.machine.stateMachineArn);
    starter.role.addToPolicy(new PolicyStatement({ actions: ["states:StartExecution"], resources: [this.backup.machine.stateMachineArn] }));
    starter.role.addToPolicy(
      new PolicyStatement({ actions: ["sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"], resources: [this.queue.queueArn] }),
    );
    new EventSourceMapping(this, "TakeRequests", {
      target: starter.function,
      eventSourceArn: this.queue.queueArn,
      batchSize: 1,
      maxConcurrency: CONCURRENCY,
    }).node.addDependency(starter.role);
    new Rule(this, "Requested", {
      eventBus: bus,
      description: `Puts ${REQUESTED} into the backup queue.`,
      eventPattern: { detailType: [REQUESTED], detail: { fleet: [deployment.fleet.fleet] } },
      targets: [
        new SqsQueue(this.queue, { message: RuleTargetInput.fromEventPath("$.detail"), deadLetterQueue: undelivered, maxEventAge: REQUEST_AGE }),
      ],
    });
  }

  private byTheClock({ deployment, region, named, undelivered }: BackupWorkflowsProps): void {
    const { fleet } = deployment;
    const places = vaultPlaces(fleet);
    const every = (id: string, description: string, schedule: Duration, name: string): void => {
      const target = new LambdaTarget(named(name).function, {
        event: RuleTargetInput.fromObject({ fleet: fleet.fleet }),
        deadLetterQueue: undelivered,
        maxEventAge: MINUTE,
        retryAttempts: 1,
      });
      new Rule(this, id, { description, schedule: Schedule.rate(schedule), targets: [target] });
    };
    const isPlace = places !== null && [places.home, ...places.replicas].some((place) => place === region);
    if (isPlace) every("SweepOwnRegion", "Each Region keeps its own copy of the vault in order.", SWEEP_EVERY, "sweep-vault");
    if (places?.home !== region) return;
    every("EachMinute", "Measures the backups' lag and asks for what is due.", MINUTE, "measure-backups");
    every("AuditReplicas", "Compares the vault's copies and repairs them.", AUDIT_EVERY, "audit-replicas");
    const drill = fleet.vault?.backups?.drill;
    if (drill === undefined) return;
    new Rule(this, "Drill", {
      description: "Proves that the newest copy in the farther Region can be restored, booted and caught up.",
      schedule: Schedule.rate(Duration.days(drill.everyDays)),
      targets: [
        new SfnStateMachine(this.drill.machine, {
          input: RuleTargetInput.fromObject({ fleet: fleet.fleet, by: "schedule", at: EventField.time }),
          deadLetterQueue: undelivered,
          maxEventAge: REQUEST_AGE,
        }),
      ],
    });
  }
}

const queueProps = ({ removalPolicy }: Deployment) => ({ encryption: QueueEncryption.SQS_MANAGED, enforceSSL: true, removalPolicy });
