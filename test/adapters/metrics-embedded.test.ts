/** What CloudWatch reads out of a log line must be what the alarms look for: namespace, dimensions, unit and value. */
import fc from "fast-check";
import { afterEach, describe, expect, it, vi } from "vitest";
import { embeddedMetrics } from "../../adapters/metrics-embedded.ts";

type Line = { _aws: { CloudWatchMetrics: { Namespace: string; Dimensions: string[][]; Metrics: { Name: string; Unit: string }[] }[] } } & Record<
  string,
  unknown
>;

/** The embedded lines that `say` printed; the library prints through the console in its development mode. */
function printed(say: () => void): Line[] {
  vi.stubEnv("POWERTOOLS_DEV", "true");
  vi.stubEnv("POWERTOOLS_METRICS_DISABLED", "false");
  const lines: string[] = [];
  vi.spyOn(console, "log").mockImplementation((line: string) => void lines.push(line));
  say();
  return lines.map((line) => JSON.parse(line) as Line);
}

afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
});

describe("embedded metrics", () => {
  it("carry the dimensions Fleet, and Role or Node where given, and nothing else, so that alarms find them", () => {
    const lines = printed(() => {
      const metrics = embeddedMetrics({ fleet: "rehearsal" });
      metrics.count("WatcherBeat", 1);
      metrics.count("RolesUnheld", 1, { role: "primary" });
      metrics.count("LagBlocks", 3, { node: "n1" });
      metrics.flush();
    });
    expect(lines.map((line) => line._aws.CloudWatchMetrics[0]?.Dimensions)).toEqual([[["Fleet"]], [["Fleet", "Role"]], [["Fleet", "Node"]]]);
    expect(lines[1]).toMatchObject({ Fleet: "rehearsal", Role: "primary", RolesUnheld: 1 });
    expect(lines[0]?._aws.CloudWatchMetrics[0]?.Namespace).toBe("SynnergyHA");
  });

  it("take their unit from their name", () => {
    const [line] = printed(() => {
      const metrics = embeddedMetrics({ fleet: "rehearsal" });
      for (const name of ["FailoverMs", "IncidentOpenSeconds", "BudgetSpent"]) metrics.count(name, 1);
      metrics.flush();
    });
    expect(line?._aws.CloudWatchMetrics[0]?.Metrics.map((each) => each.Unit)).toEqual(["Milliseconds", "Seconds", "Count"]);
  });

  it("lose no value, however many are counted between two flushes, and print none twice", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 9 }), { maxLength: 250 }), (values) => {
        const sum = printed(() => {
          const metrics = embeddedMetrics({ fleet: "rehearsal" });
          for (const value of values) metrics.count("WatcherBeat", value);
          metrics.flush();
          metrics.flush();
        })
          .flatMap((line) => line.WatcherBeat as number | number[])
          .reduce((total, value) => total + value, 0);
        vi.restoreAllMocks();
        return sum === values.reduce((total, value) => total + value, 0);
      }),
      { numRuns: 30 },
    );
  });
});
