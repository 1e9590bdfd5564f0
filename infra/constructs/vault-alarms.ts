/**
 * What tells that a copy of the backups is missing or late. S3 counts failures in the Region that is copied from, and measures
 * lateness in the Region that is copied to. A Region that only keeps a copy has nobody who listens, so it hands its alarms on
 * to the vault's home.
 */
import { Duration, Stack } from "aws-cdk-lib";
import { Metric, Stats, TreatMissingData } from "aws-cdk-lib/aws-cloudwatch";
import { EventBus, Rule } from "aws-cdk-lib/aws-events";
import { EventBus as BusTarget } from "aws-cdk-lib/aws-events-targets";
import type { Construct } from "constructs";
import type { Fleet } from "../../core/kernel/fleet.ts";
import { resourceNames } from "../../core/kernel/names.ts";
import { vaultPlaces } from "../../core/kernel/vault-rules.ts";
import { declareAlarm, type Watched } from "./fleet-alarms.ts";
import { replicationRuleId } from "./vault-replication.ts";

/** S3's own threshold, and the one that its replication time control answers for. */
const LATE_S = 900;
const LATE_MINUTES = 3;

const failedIn = (region: string) => `vault-not-replicated-${region}`;
const lateIn = (region: string) => `vault-late-${region}`;

function replicationMetric(scope: Construct, fleet: string, { home, replica }: { home: string; replica: string }, metricName: string): Metric {
  const { account } = Stack.of(scope);
  const { vaultBucket } = resourceNames(fleet);
  return new Metric({
    namespace: "AWS/S3",
    metricName,
    statistic: metricName === "ReplicationLatency" ? Stats.MAXIMUM : Stats.SUM,
    period: Duration.minutes(1),
    dimensionsMap: {
      SourceBucket: vaultBucket(account, home),
      DestinationBucket: vaultBucket(account, replica),
      RuleId: replicationRuleId(replica),
    },
  });
}

/** Those of the vault's bucket in the stack's own Region. */
export function declareVaultAlarms(scope: Construct, fleet: Fleet): void {
  const places = vaultPlaces(fleet);
  const { region } = Stack.of(scope);
  if (places === null) return;
  const { home, replicas } = places;
  const missing = TreatMissingData.NOT_BREACHING;
  const failures = replicas.map((replica): Watched => {
    const says = `A backup's object could not be copied from ${home} to ${replica}. The queue ${resourceNames(fleet.fleet).vaultUnreplicated} in ${home} says which and why.`;
    const metric = replicationMetric(scope, fleet.fleet, { home, replica }, "OperationsFailedReplication");
    return { name: failedIn(replica), says, metric, threshold: 1, minutes: 1, missing };
  });
  const late: Watched = {
    name: lateIn(region),
    says: `The copy of the backups in ${region} is more than ${LATE_S / 60} minutes behind ${home}: what was stored since is in one Region only.`,
    metric: replicationMetric(scope, fleet.fleet, { home, replica: region }, "ReplicationLatency"),
    threshold: LATE_S,
    minutes: LATE_MINUTES,
    missing,
  };
  const { bus } = resourceNames(fleet.fleet);
  for (const each of region === home ? failures : [late]) declareAlarm(scope, bus, each);
  if (isHeardAtHome(region, fleet)) handOn(scope, home, `${bus}-${late.name}`);
}

/** The vault's alarms that a Region with watchers turns into incidents, by their names without the fleet's. */
export function vaultAlarmsHeardIn(region: string, fleet: Fleet): string[] {
  const places = vaultPlaces(fleet);
  if (places === null) return [];
  const { home, replicas } = places;
  if (region !== home) return replicas.filter((replica) => replica === region).map(lateIn);
  return [...replicas.map(failedIn), ...replicas.filter((replica) => isHeardAtHome(replica, fleet)).map(lateIn)];
}

function isHeardAtHome(region: string, { regions }: Fleet): boolean {
  return !regions.observers.some((observer) => observer === region);
}

function handOn(scope: Construct, home: string, alarmName: string): void {
  const arn = Stack.of(scope).formatArn({ service: "events", region: home, resource: "event-bus", resourceName: "default" });
  new Rule(scope, "HandOn", {
    description: `This Region's alarm of the fleet's vault goes to ${home}, where an incident is opened.`,
    eventPattern: {
      source: ["aws.cloudwatch"],
      detailType: ["CloudWatch Alarm State Change"],
      detail: { alarmName: [alarmName], state: { value: ["ALARM"] } },
    },
    targets: [new BusTarget(EventBus.fromEventBusArn(scope, "HomeBus", arn))],
  });
}
