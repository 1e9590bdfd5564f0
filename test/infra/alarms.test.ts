/** Alarms and dashboard watch metrics that the functions really write, under the very dimensions that they write. */
import { beforeAll, describe, expect, it } from "vitest";
import { vaultPlaces } from "../../core/kernel/vault-rules.ts";
import { ALL_FUNCTIONS } from "../../infra/modules/functions.ts";
import { NETWORK, PAIR, ROLES, synthesizeLargest } from "./fleets.ts";
import { codeOf } from "./function-code.ts";
import { resourcesOf, type Synthesis, synthesize, type Template } from "./synthesis.ts";

type Alarm = {
  AlarmName: string;
  Namespace: string;
  MetricName: string;
  Dimensions: { Name: string; Value: unknown }[];
  TreatMissingData: string;
};

type Pattern = { detail?: { alarmName?: (string | { prefix: string })[] } };

/** EventBridge's quota for an event pattern, unless an account was given more. */
const PATTERN_CHARACTERS_MAX = 2_048;

/** One without backups and one with. */
let synthesis: Synthesis;
let backedUp: Synthesis;
/** Metric → the sets of dimensions under which some function counts it. */
const counted = new Map<string, Set<string>>();
beforeAll(async () => {
  synthesis = await synthesize(PAIR);
  backedUp = await synthesize(NETWORK);
  for (const declaration of ALL_FUNCTIONS) {
    for (const [, metric = "", rest = ""] of (await codeOf(declaration)).matchAll(/metrics\.count\(\s*"(\w+)"([^;]*)\)/g)) {
      const dimensions = /\brole\b[^;]*}/.test(rest)
        ? "Fleet,Role"
        : /\bnode\b[^;]*}/.test(rest)
          ? "Fleet,Node"
          : /\bgroup\b[^;]*}/.test(rest)
            ? "Fleet,Group"
            : "Fleet";
      counted.set(metric, (counted.get(metric) ?? new Set()).add(dimensions));
    }
  }
});
const alarmsOf = (template: Template) => resourcesOf(template, "AWS::CloudWatch::Alarm").map(([, { Properties }]) => Properties as Alarm);
const regions = () => [synthesis, backedUp].flatMap(({ templates }) => [...templates.values()]);
const alarms = () => regions().flatMap(alarmsOf);
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
    for (const template of regions()) {
      const watched = alarmsOf(template).map(({ MetricName }) => MetricName);
      for (const name of names) expect(watched).toContain(name);
    }
  });

  it("cover drills, proofs, workflows and requests in every Region of a fleet with backups, and lag and copies in the vault's home", () => {
    const everywhere = ["ApproximateAgeOfOldestMessage", "BackupsUnproven", "DrillsFailed"];
    const atHome = ["BackupLagSeconds", "CopiesIncomplete"];
    for (const [region, template] of backedUp.templates) {
      const watched = alarmsOf(template);
      const metrics = watched.map(({ MetricName }) => MetricName);
      const home = vaultPlaces(backedUp.fleet)?.home === region;
      expect([...everywhere, ...atHome].filter((name) => metrics.includes(name))).toEqual([...everywhere, ...(home ? atHome : [])]);
      const on = (metric: string) =>
        watched.filter(({ MetricName }) => MetricName === metric).flatMap(({ Dimensions }) => Dimensions.map(({ Value }) => JSON.stringify(Value)));
      expect(on("ExecutionsFailed").map((value) => /Backups(Backup|RestoreDrill)StateMachine/.exec(value)?.[1])).toEqual(["Backup", "RestoreDrill"]);
      expect(on("ApproximateNumberOfMessagesVisible").map((value) => /(Undelivered|Refused)/.exec(value)?.[1])).toEqual(["Undelivered", "Refused"]);
      expect(on("ApproximateAgeOfOldestMessage").map((value) => /(Requests)/.exec(value)?.[1])).toEqual(["Requests"]);
    }
  });

  it("call lag what the fleet file calls lag, for every source at once", () => {
    const [lag, ...others] = alarms().filter(({ MetricName }) => MetricName === "BackupLagSeconds");
    expect(others).toEqual([]);
    expect(lag).toMatchObject({ Threshold: backedUp.fleet.vault?.backups?.lagSecondsMax, Statistic: "Maximum", Period: 60 });
  });

  it("take silence for an alarm only where silence is the fault", () => {
    const breaching = alarms().filter(({ TreatMissingData }) => TreatMissingData === "breaching");
    expect([...new Set(breaching.map(({ MetricName }) => MetricName))]).toEqual(["WatcherBeat", "BackupLagSeconds"]);
  });
});

describe("rules", () => {
  it.each([
    ["and no vault", "nothing"],
    ["and copies of a vault", "vault"],
    ["and copies of a vault that is filled", "backups"],
  ] as const)("keep every pattern within EventBridge's quota, and hear every alarm, for as many roles as a fleet file takes %s", async (_, has) => {
    const { templates } = await synthesizeLargest(has);
    for (const template of templates.values()) {
      const patterns = resourcesOf(template, "AWS::Events::Rule").flatMap(([id, { Properties }]) =>
        Properties.EventPattern === undefined ? [] : [{ id, pattern: Properties.EventPattern as Pattern }],
      );
      const over = patterns.map(({ id, pattern }) => ({ id, characters: JSON.stringify(pattern).length }));
      expect(over.filter(({ characters }) => characters > PATTERN_CHARACTERS_MAX)).toEqual([]);
      const heard = patterns.flatMap(({ pattern }) => pattern.detail?.alarmName ?? []);
      const names = alarmsOf(template).map(({ AlarmName }) => AlarmName);
      expect(names.length).toBeGreaterThan(2 * ROLES);
      expect(names.filter((name) => !heard.some((each) => (typeof each === "string" ? each === name : name.startsWith(each.prefix))))).toEqual([]);
    }
  });

  it("hear no alarm of another fleet whose name begins as this one's", () => {
    const patterns = [...synthesis.templates.values()].flatMap((template) => resourcesOf(template, "AWS::Events::Rule"));
    const heard = patterns.flatMap(([, { Properties }]) => (Properties.EventPattern as Pattern | undefined)?.detail?.alarmName ?? []);
    expect(heard.length).toBeGreaterThan(0);
    const foreign = ["unwatched", "role-unheld-validator", "incident-open-validator", "budget-spent"].map(
      (name) => `synnergy-validator-pair-2-${name}`,
    );
    expect(foreign.filter((name) => heard.some((each) => (typeof each === "string" ? each === name : name.startsWith(each.prefix))))).toEqual([]);
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
