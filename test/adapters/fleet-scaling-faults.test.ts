/** What a fleet file may not say of capacity, each with its place; and that what it may say is read. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parse, stringify } from "yaml";
import { parseFleet } from "../../adapters/fleet-yaml.ts";
import { scalingGroup } from "../../core/kernel/scaling-rules.ts";

const VALID = parse(readFileSync(join(import.meta.dirname, "../../examples/rehearsal.fleet.yaml"), "utf8"));
const KEY = "M6ZPtlsXNZzV64bQy0ELaRr7R2G4bWcshO5cNr5QdLs";

const rpc = () => ({
  name: "rpc-east",
  serves: { kind: "purpose", purpose: "rpc" } as Record<string, unknown>,
  actuator: { kind: "asg", name: "rpc-nodes", region: "us-east-1", lifecycleHook: "caught-up" } as Record<string, unknown>,
  min: 1,
  max: 6,
  unitCapacity: 400,
  demand: { kind: "signal", signal: "requestsPerSecond" } as Record<string, unknown>,
  joins: { idPrefix: "rpc-", regions: ["us-east-1"], zones: ["use1-az1", "use1-az3"], max: 6 },
});
const standby = () => ({
  ...rpc(),
  name: "standbys",
  serves: { kind: "role", role: "primary" },
  actuator: { kind: "webhook", url: "https://hook.example/capacity", key: KEY },
  joins: { idPrefix: "standby-", regions: ["us-east-1", "us-west-2"], zones: ["use1-az1", "usw2-az1"], max: 6 },
});
type Group = ReturnType<typeof rpc>;

const read = (groups: readonly object[]) => parseFleet(stringify({ ...VALID, scaling: { groups } }), "fleet.yaml");
const faultsOf = (groups: readonly object[]): string => {
  const reading = read(groups);
  return reading.kind === "invalid" ? reading.faults.join("\n") : "";
};
const changed = (change: (group: Group, second: Group) => void): string => {
  const [group, second] = [rpc(), standby() as Group];
  change(group, second);
  return faultsOf([group, second]);
};

describe("a fleet file with groups that scale", () => {
  it("is read, with what it leaves unsaid", () => {
    const reading = read([rpc(), standby()]);
    if (reading.kind === "invalid") throw new Error(reading.faults.join("\n"));
    expect(scalingGroup(reading.fleet, "rpc-east")).toMatchObject({
      mode: "recommend",
      targetShare: 0.7,
      risk: 0.0006,
      startSeconds: 300,
      cooldownSeconds: 900,
    });
    expect(scalingGroup(reading.fleet, "nowhere")).toBeUndefined();
  });

  const cases: [string, (group: Group, second: Group) => void, ...string[]][] = [
    ["a name that is used twice", (_, second) => (second.name = "rpc-east"), "scaling.groups.1.name: found rpc-east", "scaling.groups.0 has"],
    ["one purpose twice", (group, second) => (second.serves = group.serves), "groups.1.serves: found the purpose rpc; allowed one group for each"],
    [
      "one actuator twice",
      (group, second) => (second.actuator = group.actuator),
      "groups.1.actuator: found the Auto Scaling group rpc-nodes in us-east-1",
    ],
    ["a prefix that begins another's", (_, second) => (second.joins.idPrefix = "rpc-west-"), "groups.1.joins.idPrefix: found rpc-west-"],
    [
      "a prefix that a declared node has",
      (group) => (group.joins.idPrefix = "n"),
      "joins.idPrefix: found n; allowed a prefix that no node",
      "n1 begins",
    ],
    ["a least number above the most", (group) => (group.min = 7), "groups.0.min: found 7; allowed at most 6"],
    ["units that may not join", (group) => (group.joins.max = 5), "groups.0.joins.max: found 5; allowed 6 or more"],
    ["a role that is none", (_, second) => (second.serves.role = "primari"), "serves.role: found primari; allowed a role: primary", "did you mean"],
    [
      "more than a role may have members",
      (_, second) => (second.joins.max = 61),
      "groups.1.joins.max: found 61; allowed 60 at most: primary has 4 of 64",
    ],
    ["a Region that nobody knows", (group) => (group.joins.regions = ["us-east-1", "us-east-9"]), "joins.regions.1: found us-east-9", "did you mean"],
    [
      "a Region named twice",
      (group) => (group.joins.regions = ["us-east-1", "us-east-1"]),
      "joins.regions.1: found us-east-1; allowed each region once",
    ],
    ["a zone named twice", (group) => (group.joins.zones = ["a", "a"]), "joins.zones.1: found a; allowed each zone once"],
    ["a zone of another Region", (group) => (group.joins.zones = ["usw2-az1"]), "joins.zones.0: found usw2-az1, which is in us-west-2"],
    ["a group where its units may not join", (group) => (group.actuator.region = "us-west-2"), "actuator.region: found us-west-2; allowed where"],
    [
      "a webhook without TLS on another host",
      (_, second) => (second.actuator.url = "http://hook.example/"),
      "actuator.url: found http://hook.example/; allowed https",
    ],
    [
      "a metric where nobody watches",
      (group) => (group.demand = { kind: "cloudwatch", region: "eu-west-1", namespace: "AWS/ApplicationELB", metric: "RequestCount" }),
      "groups.0.demand.region: found eu-west-1; allowed one of the observers",
    ],
    ["a kind of actuator that is none", (group) => (group.actuator.kind = "ec2"), 'actuator.kind: found "ec2"; allowed "asg" or "ecs" or "webhook"'],
    ["an actuator without its hook", (group) => delete group.actuator.lifecycleHook, "actuator.lifecycleHook: found nothing"],
    [
      "a service named by its ARN",
      (group) => (group.actuator = { kind: "ecs", cluster: "arn:aws:ecs:x", service: "s", region: "us-east-1" }),
      "actuator.cluster",
    ],
    ["a unit that carries nothing", (group) => (group.unitCapacity = 0), "unitCapacity: found 0"],
    ["a receiver's key that is none", (_, second) => (second.actuator.key = "abc"), "actuator.key: found"],
  ];
  it.each(cases)("is refused for %s", (_, change, ...parts) => {
    const faults = changed((group, second) => void change(group, second));
    for (const part of parts) expect(faults).toContain(part);
  });

  it("takes http on this host, for a rehearsal", () => {
    expect(changed((_, second) => (second.actuator.url = "http://127.0.0.1:19000/capacity"))).toBe("");
  });

  it("is refused where more could join than a fleet may have", () => {
    const groups = Array.from({ length: 4 }, (_, index) => ({
      ...rpc(),
      name: `g${index}`,
      serves: { kind: "purpose", purpose: `p${index}` },
      actuator: { kind: "asg", name: `g${index}`, region: "us-east-1", lifecycleHook: "h" },
      joins: { ...rpc().joins, idPrefix: `p${index}-`, max: 130 },
    }));
    expect(faultsOf(groups)).toContain("scaling.groups: found 520 nodes that may join 4; allowed 500 together");
  });
});
