/** Alarms and dashboard watch metrics that the functions really write, under the very dimensions that they write. */
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { projectRoot } from "../../infra/bundle.ts";
import { FAILOVER_FUNCTIONS } from "../../infra/modules/failover.ts";
import { codeOf } from "./function-code.ts";
import { resourcesOf, type Synthesis, synthesize } from "./synthesis.ts";

type Alarm = { AlarmName: string; Namespace: string; MetricName: string; Dimensions: { Name: string }[]; TreatMissingData: string };

let synthesis: Synthesis;
/** Metric → the sets of dimensions under which some function counts it. */
const counted = new Map<string, Set<string>>();
beforeAll(async () => {
  synthesis = await synthesize(join(projectRoot, "examples", "validator-pair.fleet.yaml"));
  for (const { name } of FAILOVER_FUNCTIONS) {
    for (const [, metric = "", rest = ""] of (await codeOf(name)).matchAll(/metrics\.count\(\s*"(\w+)"([^;]*)\)/g)) {
      const dimensions = /\brole\b[^;]*}/.test(rest) ? "Fleet,Role" : /\bnode\b[^;]*}/.test(rest) ? "Fleet,Node" : "Fleet";
      counted.set(metric, (counted.get(metric) ?? new Set()).add(dimensions));
    }
  }
});
const alarms = () =>
  [...synthesis.templates.values()].flatMap((template) =>
    resourcesOf(template, "AWS::CloudWatch::Alarm").map(([, { Properties }]) => Properties as Alarm),
  );
const ours = () => alarms().filter(({ Namespace }) => Namespace === "SynnergyHA");

describe("alarms", () => {
  it("watch no metric that no function counts under the same dimensions", () => {
    for (const { MetricName, Dimensions } of ours()) {
      expect([...(counted.get(MetricName) ?? [])], MetricName).toContain(
        Dimensions.map(({ Name }) => Name)
          .toSorted()
          .join(),
      );
    }
  });

  it("cover a role without a holder, a Region without a watcher, a spent budget and an incident left open, in every Region", () => {
    const names = ["RolesUnheld", "WatcherBeat", "BudgetSpent", "IncidentOpenSeconds"];
    for (const template of synthesis.templates.values()) {
      const watched = resourcesOf(template, "AWS::CloudWatch::Alarm").map(([, { Properties }]) => Properties.MetricName);
      for (const name of names) expect(watched).toContain(name);
    }
  });

  it("take silence for an alarm only where silence is the fault", () => {
    const breaching = alarms().filter(({ TreatMissingData }) => TreatMissingData === "breaching");
    expect([...new Set(breaching.map(({ MetricName }) => MetricName))]).toEqual(["WatcherBeat"]);
  });
});

describe("the dashboard", () => {
  it("shows no metric that no function counts", () => {
    const bodies = [...synthesis.templates.values()].flatMap((template) => resourcesOf(template, "AWS::CloudWatch::Dashboard"));
    expect(bodies).toHaveLength(1);
    const shown = [...JSON.stringify(bodies).matchAll(/SynnergyHA\W+(\w+)/g)].map((match) => match[1] ?? "");
    expect(shown.length).toBeGreaterThan(0);
    expect([...new Set(shown)].filter((metric) => !counted.has(metric))).toEqual([]);
  });
});
