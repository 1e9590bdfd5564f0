/**
 * What must wake somebody, in each Region by itself, so that one Region's silence cannot hide another's. The metrics are
 * the functions' own (embedded in their logs). Each alarm's change of state also goes to `open-alarm-incident`.
 */
import { Duration } from "aws-cdk-lib";
import { Alarm, ComparisonOperator, type IMetric, Metric, Stats, TreatMissingData } from "aws-cdk-lib/aws-cloudwatch";
import { Rule } from "aws-cdk-lib/aws-events";
import { LambdaFunction as LambdaTarget } from "aws-cdk-lib/aws-events-targets";
import type { IFunction } from "aws-cdk-lib/aws-lambda";
import type { Queue } from "aws-cdk-lib/aws-sqs";
import { Construct } from "constructs";
import type { Fleet } from "../../core/kernel/fleet.ts";
import { resourceNames } from "../../core/kernel/names.ts";

const MINUTE = Duration.minutes(1);

/** A metric of ours, by the minute. */
export function fleetMetric(fleet: string, metricName: string, statistic: string, more: { role?: string; region?: string } = {}): Metric {
  const { role, region } = more;
  return new Metric({
    namespace: resourceNames(fleet).metricsNamespace,
    metricName,
    statistic,
    period: MINUTE,
    dimensionsMap: { Fleet: fleet, ...(role === undefined ? {} : { Role: role }) },
    ...(region === undefined ? {} : { region }),
  });
}

export type Watched = {
  name: string;
  /** Absent where the whole fleet has one. */
  role?: string;
  says: string;
  metric: IMetric;
  threshold: number;
  minutes: number;
  missing: TreatMissingData;
  below?: true;
};

/** A role without a holder for one minute has already cost slots; a failover takes seconds. */
const UNHELD_MINUTES = 2;
/** One minute may be lost to a cold start at its edge; two in a row mean that nobody watches. */
const UNWATCHED_MINUTES = 2;

function watched(fleet: Fleet, undelivered: Queue): Watched[] {
  const { NOT_BREACHING, BREACHING } = TreatMissingData;
  const openMax = fleet.policies.failover.incidentOpenSecondsMax;
  const roles = fleet.roles.flatMap(({ name: role }): Watched[] => [
    {
      name: "role-unheld",
      role,
      says: `Role ${role} has no holder. See its open incident; if there is none, start the failover workflow.`,
      metric: fleetMetric(fleet.fleet, "RolesUnheld", Stats.MAXIMUM, { role }),
      threshold: 1,
      minutes: UNHELD_MINUTES,
      missing: NOT_BREACHING,
    },
    {
      name: "incident-open",
      role,
      says: `An incident of role ${role} has been open for more than ${openMax} s. It may wait for an approval, or its workflow may be stuck.`,
      metric: fleetMetric(fleet.fleet, "IncidentOpenSeconds", Stats.MAXIMUM, { role }),
      threshold: openMax,
      minutes: 1,
      missing: NOT_BREACHING,
    },
  ]);
  return [
    ...roles,
    {
      name: "unwatched",
      says: "No watcher of this Region has been heard for two minutes. The other Regions still watch; see watch-fleet's log.",
      metric: fleetMetric(fleet.fleet, "WatcherBeat", Stats.SUM),
      threshold: 1,
      minutes: UNWATCHED_MINUTES,
      missing: BREACHING,
      below: true,
    },
    {
      name: "budget-spent",
      says: "The fleet's failover budget is spent: automation has stopped, and a person decides about the next move.",
      metric: fleetMetric(fleet.fleet, "BudgetSpent", Stats.MAXIMUM),
      threshold: 1,
      minutes: 1,
      missing: NOT_BREACHING,
    },
    {
      name: "events-undelivered",
      says: "An event or a start of a workflow could not be delivered and waits in the dead-letter queue.",
      metric: undelivered.metricApproximateNumberOfMessagesVisible({ period: MINUTE, statistic: Stats.MAXIMUM }),
      threshold: 1,
      minutes: 1,
      missing: NOT_BREACHING,
    },
  ];
}

/**
 * Which alarms are ours, as an event pattern. A role's are told by how they begin: EventBridge takes 2,048 characters a
 * pattern, and the names of 32 roles' alarms are three times as many.
 */
function namesOf(all: readonly Watched[], more: readonly string[], bus: string): (string | { prefix: string })[] {
  const ofRoles = new Set(all.filter(({ role }) => role !== undefined).map(({ name }) => name));
  const ofFleet = all.filter(({ role }) => role === undefined).map(({ name }) => name);
  return [...[...ofRoles].map((name) => ({ prefix: `${bus}-${name}-` })), ...[...ofFleet, ...more].map((name) => `${bus}-${name}`)];
}

export function declareAlarm(scope: Construct, bus: string, { name, role, says, metric, threshold, minutes, missing, below }: Watched): Alarm {
  const own = role === undefined ? name : `${name}-${role}`;
  return new Alarm(scope, own, {
    alarmName: `${bus}-${own}`,
    alarmDescription: says,
    metric,
    threshold,
    evaluationPeriods: minutes,
    treatMissingData: missing,
    comparisonOperator: below ? ComparisonOperator.LESS_THAN_THRESHOLD : ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
  });
}

export class FleetAlarms extends Construct {
  readonly alarms: readonly Alarm[];

  /** `more`: alarms of other parts of this Region's stack. `alsoHeard`: those of this fleet that another stack declares and this Region hears. */
  constructor(
    scope: Construct,
    props: { fleet: Fleet; undelivered: Queue; opensIncident: IFunction; more: readonly Watched[]; alsoHeard: readonly string[] },
  ) {
    super(scope, "Alarms");
    const { bus } = resourceNames(props.fleet.fleet);
    const all = [...watched(props.fleet, props.undelivered), ...props.more];
    this.alarms = all.map((each) => declareAlarm(this, bus, each));
    new Rule(this, "Raised", {
      description: "This fleet's alarms open incidents.",
      eventPattern: {
        source: ["aws.cloudwatch"],
        detailType: ["CloudWatch Alarm State Change"],
        detail: { alarmName: namesOf(all, props.alsoHeard, bus), state: { value: ["ALARM"] } },
      },
      targets: [new LambdaTarget(props.opensIncident, { deadLetterQueue: props.undelivered })],
    });
  }
}
