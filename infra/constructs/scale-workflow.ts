/**
 * The scale state machine and what starts it for each group: the clock each minute, and an alarm when demand comes near to what is ready.
 * Every Region that watches starts it; the group's cell lets one of them decide. A start is worth a minute: the next one is due then.
 */
import { Duration } from "aws-cdk-lib";
import { Alarm, ComparisonOperator, Metric, Stats, TreatMissingData } from "aws-cdk-lib/aws-cloudwatch";
import { Rule, RuleTargetInput, Schedule } from "aws-cdk-lib/aws-events";
import { SfnStateMachine } from "aws-cdk-lib/aws-events-targets";
import type { Queue } from "aws-cdk-lib/aws-sqs";
import type { Construct } from "constructs";
import { resourceNames } from "../../core/kernel/names.ts";
import type { ScalingTrigger } from "../../core/kernel/scaling.ts";
import type { ScalingGroup } from "../../core/kernel/scaling-policy.ts";
import type { Deployment } from "../deployment.ts";
import type { FleetFunction } from "./fleet-function.ts";
import { Workflow } from "./workflow.ts";

const MINUTE = Duration.minutes(1);
const START_ATTEMPTS = 1;
/** Halfway from what is planned with to all that the ready ones carry. */
const alarmPercent = ({ targetShare }: ScalingGroup): number => Math.round((100 * (1 + targetShare)) / 2);

export type ScaleWorkflowProps = {
  readonly deployment: Deployment;
  readonly groups: readonly ScalingGroup[];
  readonly steps: readonly FleetFunction[];
  readonly undelivered: Queue;
};

export class ScaleWorkflow extends Workflow {
  constructor(scope: Construct, { deployment, groups, steps, undelivered }: ScaleWorkflowProps) {
    const { fleet } = deployment.fleet;
    const names = resourceNames(fleet);
    super(scope, "Scale", {
      name: names.scaleMachine,
      definition: "scale.asl.json",
      does: "Calls the steps of a decision on capacity.",
      comment: 'Keeps a group\'s capacity with its demand. Start it with {"fleet": …, "group": …} and nothing else.',
      steps,
    });
    for (const group of groups) {
      const start = (trigger: ScalingTrigger): SfnStateMachine =>
        new SfnStateMachine(this.machine, {
          input: RuleTargetInput.fromObject({ fleet, group: group.name, trigger }),
          deadLetterQueue: undelivered,
          maxEventAge: MINUTE,
          retryAttempts: START_ATTEMPTS,
        });
      new Rule(this, `EachMinute-${group.name}`, {
        description: `Looks at the capacity of ${group.name}.`,
        schedule: Schedule.rate(MINUTE),
        targets: [start("schedule")],
      });
      const { alarmName } = this.declareAlarm(group, fleet);
      new Rule(this, `Alarm-${group.name}`, {
        description: `Decides on ${group.name} at once when demand comes near to what is ready.`,
        eventPattern: {
          source: ["aws.cloudwatch"],
          detailType: ["CloudWatch Alarm State Change"],
          detail: { alarmName: [alarmName], state: { value: ["ALARM"] } },
        },
        targets: [start("alarm")],
      });
    }
  }

  /** On what weigh-capacity counts each minute, whatever the demand is read from. It wakes the workflow and nobody else. */
  private declareAlarm(group: ScalingGroup, fleet: string): { alarmName: string } {
    const { bus, metricsNamespace } = resourceNames(fleet);
    const alarmName = `${bus}-demand-${group.name}`;
    new Alarm(this, `Demand-${group.name}`, {
      alarmName,
      alarmDescription: `Demand on ${group.name} is near to all that its ready units carry.`,
      metric: new Metric({
        namespace: metricsNamespace,
        metricName: "CapacityUsedPercent",
        statistic: Stats.MAXIMUM,
        period: MINUTE,
        dimensionsMap: { Fleet: fleet, Group: group.name },
      }),
      threshold: alarmPercent(group),
      evaluationPeriods: 1,
      comparisonOperator: ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
      treatMissingData: TreatMissingData.NOT_BREACHING,
    });
    return { alarmName };
  }
}
