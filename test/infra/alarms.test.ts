/** Alarms and dashboard watch metrics that the functions really write, under the very dimensions that they write. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { Fleet } from "../../core/kernel/fleet.ts";
import { projectRoot } from "../../infra/bundle.ts";
import { ALL_FUNCTIONS } from "../../infra/modules/functions.ts";
import { codeOf } from "./function-code.ts";
import { resourcesOf, type Synthesis, synthesize } from "./synthesis.ts";

type Alarm = { AlarmName: string; Namespace: string; MetricName: string; Dimensions: { Name: string }[]; TreatMissingData: string };

type Pattern = { detail?: { alarmName?: (string | { prefix: string })[] } };

const EXAMPLE = join(projectRoot, "examples", "validator-pair.fleet.yaml");
/** EventBridge's quota for an event pattern, unless an account was given more. */
const PATTERN_CHARACTERS_MAX = 2_048;
/** The fleet file's own limits: as many roles as it takes, under names as long as it takes. */
const ROLES = 32;
const NAME_CHARACTERS = 32;

let synthesis: Synthesis;
/** Metric → the sets of dimensions under which some function counts it. */
const counted = new Map<string, Set<string>>();
beforeAll(async () => {
  synthesis = await synthesize(EXAMPLE);
  for (const { name } of ALL_FUNCTIONS) {
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

/** The most copies that a vault takes, two where watchers are; and the longest name that leaves the buckets theirs. */
const COPIES = [
  "eu-west-1",
  "ap-southeast-1",
  "ap-southeast-2",
  "ap-southeast-3",
  "ap-southeast-4",
  "ap-southeast-5",
  "ap-southeast-7",
  "ap-northeast-1",
];
const NAME_CHARACTERS_WITH_VAULT = 20;

/** The example with 32 roles of 32 characters each, in a fleet whose own name is as long as it may be. */
async function largest(vault: { replicas: string[] } | undefined): Promise<Synthesis> {
  const fleet = Fleet.parse(parse(readFileSync(EXAMPLE, "utf8")));
  const [role] = fleet.roles;
  const roles = Array.from({ length: ROLES }, (_, index) => ({ ...role, name: `r${String(index).padStart(NAME_CHARACTERS - 1, "0")}` }));
  const folder = mkdtempSync(join(tmpdir(), "synnergy-alarms-"));
  try {
    const file = join(folder, "largest.fleet.yaml");
    const characters = vault === undefined ? NAME_CHARACTERS : NAME_CHARACTERS_WITH_VAULT;
    writeFileSync(file, JSON.stringify({ ...fleet, fleet: "f".padEnd(characters, "f"), roles, vault }));
    return await synthesize(file);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

describe("rules", () => {
  it.each([
    ["and no vault", undefined],
    ["and copies of a vault", { replicas: COPIES }],
  ])("keep every pattern within EventBridge's quota, and hear every alarm, for as many roles as a fleet file takes %s", async (_, vault) => {
    const { templates } = await largest(vault);
    for (const template of templates.values()) {
      const patterns = resourcesOf(template, "AWS::Events::Rule").flatMap(([id, { Properties }]) =>
        Properties.EventPattern === undefined ? [] : [{ id, pattern: Properties.EventPattern as Pattern }],
      );
      const over = patterns.map(({ id, pattern }) => ({ id, characters: JSON.stringify(pattern).length }));
      expect(over.filter(({ characters }) => characters > PATTERN_CHARACTERS_MAX)).toEqual([]);
      const heard = patterns.flatMap(({ pattern }) => pattern.detail?.alarmName ?? []);
      const names = resourcesOf(template, "AWS::CloudWatch::Alarm").map(([, { Properties }]) => (Properties as Alarm).AlarmName);
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
