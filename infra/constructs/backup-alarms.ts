/** What must wake somebody about backups: that they are late, that one is unproven, that a drill failed, that a copy is damaged. */

import { Duration } from "aws-cdk-lib";
import { Stats, TreatMissingData } from "aws-cdk-lib/aws-cloudwatch";
import type { Queue } from "aws-cdk-lib/aws-sqs";
import type { Fleet } from "../../core/kernel/fleet.ts";
import { vaultPlaces } from "../../core/kernel/vault-rules.ts";
import { fleetMetric, type Watched } from "./fleet-alarms.ts";
import type { Workflow } from "./workflow.ts";

/** IGNORE: what is measured now and then stays as it was last measured, so that one fault is one incident until something says that it is over. */
const { NOT_BREACHING, BREACHING, IGNORE } = TreatMissingData;
/** Measured each minute; one may be lost to a cold start. */
const UNMEASURED_MINUTES = 3;
/** A request that is refused five times is gone before; one that nobody takes is lost after an hour. */
const WAITING_S = 1_200;
const MINUTE = Duration.minutes(1);

export type BackupParts = { readonly queue: Queue; readonly refused: Queue; readonly backup: Workflow; readonly drill: Workflow };

export function backupAlarms(fleet: Fleet, region: string, { queue, refused, backup, drill }: BackupParts): Watched[] {
  const policy = fleet.vault?.backups;
  if (policy === undefined) return [];
  const here = (name: string, statistic: string) => fleetMetric(fleet.fleet, name, statistic);
  const everywhere: Watched[] = [
    {
      name: "drill-failed",
      says: "A restore drill failed: until one succeeds, nobody knows that the backups can be restored. `ha backup list` says why.",
      metric: here("DrillsFailed", Stats.MAXIMUM),
      threshold: 1,
      minutes: 1,
      missing: IGNORE,
    },
    {
      name: "backup-unproven",
      says: "A backup was stored and could not be proven: what is in the vault did not open. `ha backup show` says what.",
      metric: here("BackupsUnproven", Stats.MAXIMUM),
      threshold: 1,
      minutes: 1,
      missing: IGNORE,
    },
    {
      name: "backup-request-refused",
      says: "A request for a backup was refused five times and waits in the queue's dead letters: its message says what was asked, start-backup's log why not.",
      metric: refused.metricApproximateNumberOfMessagesVisible({ period: MINUTE, statistic: Stats.MAXIMUM }),
      threshold: 1,
      minutes: 1,
      missing: NOT_BREACHING,
    },
    {
      name: "backup-requests-waiting",
      says: `A request for a backup waits for more than ${WAITING_S / 60} minutes: start-backup takes none. After an hour it is gone.`,
      metric: queue.metricApproximateAgeOfOldestMessage({ period: MINUTE, statistic: Stats.MAXIMUM }),
      threshold: WAITING_S,
      minutes: 1,
      missing: NOT_BREACHING,
    },
    {
      name: "backup-workflow-failed",
      says: "A run of the backup workflow could not write down its own end. What it stored is kept; see the execution's last state.",
      metric: backup.machine.metricFailed({ period: MINUTE, statistic: Stats.SUM }),
      threshold: 1,
      minutes: 1,
      missing: NOT_BREACHING,
    },
    {
      name: "drill-workflow-failed",
      says: "A restore drill ended without a result: nothing could be chosen, or its end could not be written down. See the execution's last state.",
      metric: drill.machine.metricFailed({ period: MINUTE, statistic: Stats.SUM }),
      threshold: 1,
      minutes: 1,
      missing: NOT_BREACHING,
    },
  ];
  if (vaultPlaces(fleet)?.home !== region) return everywhere;
  return [
    ...everywhere,
    {
      name: "backup-late",
      says: `The newest backup of a source is more than ${policy.lagSecondsMax} s old: so much would be lost. \`ha backup list\` says which source, and what its last run ended with.`,
      metric: here("BackupLagSeconds", Stats.MAXIMUM),
      threshold: policy.lagSecondsMax,
      minutes: UNMEASURED_MINUTES,
      missing: BREACHING,
    },
    {
      name: "copies-incomplete",
      says: "A Region's copy of the backups lacks objects, or holds damaged ones, that could not be repaired. audit-replicas' log names them.",
      metric: here("CopiesIncomplete", Stats.MAXIMUM),
      threshold: 1,
      minutes: 1,
      missing: IGNORE,
    },
  ];
}
