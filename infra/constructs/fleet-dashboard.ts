/** One page for the fleet, in the home Region: who holds, who watches, how far behind, and how long things have been open. */
import { Dashboard, GraphWidget, Row, Stats } from "aws-cdk-lib/aws-cloudwatch";
import type { Construct } from "constructs";
import type { Fleet } from "../../core/kernel/fleet.ts";
import { resourceNames } from "../../core/kernel/names.ts";
import { fleetMetric } from "./fleet-alarms.ts";

const HALF_WIDTH = 12;

export function declareDashboard(scope: Construct, fleet: Fleet): Dashboard {
  const { observers } = fleet.regions;
  const inEachRegion = (title: string, name: string, statistic: string, role?: string) =>
    new GraphWidget({
      title,
      width: HALF_WIDTH,
      left: observers.map((region) =>
        fleetMetric(fleet.fleet, name, statistic, { region, ...(role === undefined ? {} : { role }) }).with({ label: region }),
      ),
    });
  return new Dashboard(scope, "Dashboard", {
    dashboardName: resourceNames(fleet.fleet).dashboard,
    widgets: [
      ...fleet.roles.map(({ name }) => [
        new Row(
          inEachRegion(`${name}: without a holder`, "RolesUnheld", Stats.MAXIMUM, name),
          inEachRegion(`${name}: incident open, seconds`, "IncidentOpenSeconds", Stats.MAXIMUM, name),
        ),
      ]),
      [
        new Row(
          inEachRegion("Watchers' beats a minute", "WatcherBeat", Stats.SUM),
          inEachRegion("Failover budget spent", "BudgetSpent", Stats.MAXIMUM),
        ),
      ],
      [new Row(inEachRegion("Lag, blocks", "LagBlocks", Stats.MAXIMUM), inEachRegion("Probe, milliseconds", "ProbeMs", Stats.percentile(95)))],
    ],
  });
}
