/** The metrics that a fleet file names: what is filled in, and each fault with its place, what was found and what is allowed. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parseFleet } from "../../adapters/fleet-yaml.ts";

const VALID = readFileSync(join(import.meta.dirname, "../../examples/rehearsal.fleet.yaml"), "utf8");
const METRIC = { signal: "requests", node: "n1", namespace: "AWS/ApplicationELB", metric: "RequestCount" };

function read(...metrics: readonly Record<string, unknown>[]) {
  const lines = metrics.map((fields) => `      - ${JSON.stringify({ ...METRIC, ...fields })}`);
  return parseFleet(VALID.replace("  prediction:\n", `  prediction:\n    metrics:\n${lines.join("\n")}\n`), "fleet.yaml");
}
const faultsOf = (...metrics: readonly Record<string, unknown>[]): readonly string[] => {
  const reading = read(...metrics);
  return reading.kind === "invalid" ? reading.faults : [];
};

describe("a named metric", () => {
  it("is averaged each minute without dimensions unless told otherwise, and no fleet has one that names none", () => {
    const reading = read(
      {},
      { signal: "busy", statistic: "p99.5", periodSeconds: 300, region: "eu-west-1", dimensions: { LoadBalancer: "app/x/1" } },
    );
    expect(reading).toMatchObject({ kind: "read" });
    if (reading.kind === "invalid") return;
    expect(reading.fleet.policies.prediction.metrics).toEqual([
      { ...METRIC, dimensions: {}, statistic: "Average", periodSeconds: 60 },
      { ...METRIC, signal: "busy", statistic: "p99.5", periodSeconds: 300, region: "eu-west-1", dimensions: { LoadBalancer: "app/x/1" } },
    ]);
    const plain = parseFleet(VALID, "fleet.yaml");
    expect(plain.kind === "invalid" ? null : plain.fleet.policies.prediction.metrics).toEqual([]);
  });

  it.each([
    ["a node that is none", [{ node: "n11" }], 'policies.prediction.metrics.0.node: found n11; allowed the id of a node (did you mean "n1"?)'],
    [
      "a signal that the vitals have",
      [{ signal: "cpuShare" }],
      "metrics.0.signal: found cpuShare; allowed a name of its own: cpuShare is among the vitals",
    ],
    [
      "a signal given twice to a node",
      [{}, { metric: "Other" }],
      "metrics.1.signal: found requests; allowed one of its own for n1; metrics.0 has this one",
    ],
    ["a signal that is no name", [{ signal: "Requests served" }], "metrics.0.signal: found"],
    ["a statistic that CloudWatch has not", [{ statistic: "Mean" }], "Average, Sum, Minimum, Maximum, SampleCount or a percentile"],
    ["a period of no whole minute", [{ periodSeconds: 90 }], "metrics.0.periodSeconds: found 90"],
    ["a period below a minute", [{ periodSeconds: 10 }], "metrics.0.periodSeconds: found 10"],
    ["more than a hundred", Array.from({ length: 101 }, (_, index) => ({ signal: `s${index}` })), "policies.prediction.metrics: found"],
    [
      "too many dimensions",
      [{ dimensions: Object.fromEntries(Array.from({ length: 31 }, (_, index) => [`d${index}`, "x"])) }],
      "at most 30 dimensions",
    ],
  ] as const)("is refused with %s", (_, metrics, fault) => {
    expect(faultsOf(...metrics).join("\n")).toContain(fault);
  });

  it("may be called the same at two nodes", () => {
    expect(faultsOf({}, { node: "n2" })).toEqual([]);
  });
});
