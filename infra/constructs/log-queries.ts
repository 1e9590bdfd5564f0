/**
 * The questions that are asked of the logs at three in the morning, saved where CloudWatch's console offers them. Every
 * function writes one line a decision (adapters/log-powertools.ts); these read them across the fleet's functions.
 */
import { CfnQueryDefinition, type ILogGroup } from "aws-cdk-lib/aws-logs";
import type { Construct } from "constructs";
import { resourceNames } from "../../core/kernel/names.ts";

const FIELDS = "fields @timestamp, module, subject, kind, reason, role, incident, to";

const QUERIES = {
  decisions: [FIELDS, "filter ispresent(kind)", "sort @timestamp desc", "limit 500"],
  "one incident": [FIELDS, 'filter incident = "put the incident here"', "sort @timestamp asc", "limit 1000"],
  surprises: [
    "fields @timestamp, level, message, kind, reason, @log",
    'filter level in ["WARN", "ERROR"] or @message like /Task timed out/',
    "sort @timestamp desc",
    "limit 200",
  ],
  "how long functions take": [
    "fields @log, @duration, @initDuration, @maxMemoryUsed",
    'filter @type = "REPORT"',
    "stats count(*) as runs, pct(@duration, 50) as medianMs, max(@duration) as maxMs, max(@initDuration) as coldMs, max(@maxMemoryUsed / 1000000) as memoryMB by @log",
  ],
} as const;

export function declareLogQueries(scope: Construct, fleet: string, logGroups: readonly ILogGroup[]): void {
  for (const [name, lines] of Object.entries(QUERIES)) {
    new CfnQueryDefinition(scope, `Query ${name}`, {
      name: `${resourceNames(fleet).bus}/${name}`,
      logGroupNames: logGroups.map((group) => group.logGroupName),
      queryString: lines.join("\n| "),
    });
  }
}
