/** Named metrics are kept once, whole as soon as CloudWatch has them, by runs that may come late, twice or not at all. */
import { describe, expect, test } from "vitest";
import { type MetricPoint, type MetricReading, NamedMetric } from "../../core/kernel/named-metric.ts";
import type { NamedMetrics } from "../../core/kernel/service-ports.ts";
import { readMetrics } from "../../functions/prediction/keeping/metric-reading.ts";
import { OBSERVER, predictionWorld } from "../support/prediction-world.ts";

const MINUTE_MS = 60_000;
const named = (node: string, signal: string, periodSeconds = 60) =>
  NamedMetric.parse({ node, signal, namespace: "AWS/ApplicationELB", metric: signal, periodSeconds });

/** CloudWatch as it is at a moment: what it has by then, what it counts as asked for, and what it fails at. */
function script(has: (metric: NamedMetric, minuteMs: number) => number | null) {
  const asked: { signal: string; periodSeconds: number }[] = [];
  const state = { fault: null as string | null };
  const source: NamedMetrics = {
    async read(metrics, { fromMs, untilMs }) {
      return metrics.map((metric): MetricReading => {
        asked.push({ signal: metric.signal, periodSeconds: metric.periodSeconds });
        const points: MetricPoint[] = [];
        for (let atMs = fromMs; atMs < untilMs; atMs += metric.periodSeconds * 1_000) {
          const value = state.fault === null ? has(metric, atMs) : null;
          if (value !== null) points.push({ atMs, value });
        }
        return { node: metric.node, signal: metric.signal, points, fault: state.fault };
      });
    },
  };
  return { source, asked, state };
}

const kept = async (of: ReturnType<typeof predictionWorld>, node = "n1") =>
  (await of.registry.list("metricMinute", { prefix: `${node}/${OBSERVER}/`, limit: 1_000 })).map(({ value }) => [value.atMs, value.values] as const);

describe("reading named metrics", () => {
  test("keeps each value of each settled minute, no value where there is none, and each metric is paid for once in its period", async () => {
    const value = ({ signal }: NamedMetric, atMs: number) => ((atMs / MINUTE_MS) % 4 === 0 ? null : ((atMs / MINUTE_MS) % 100) + signal.length);
    const { source, asked } = script(value);
    const metrics = [named("n1", "requests"), named("n1", "slow", 300), named("n2", "requests")];
    const of = predictionWorld({ metrics, source });
    const fromMs = of.clock.wallMs();
    for (let minute = 0; minute < 30; minute += 1) {
      await readMetrics(of.world);
      await of.clock.sleep(MINUTE_MS);
    }
    const last = Math.floor((of.clock.wallMs() - 2 * MINUTE_MS) / MINUTE_MS) * MINUTE_MS;
    const found = new Map(await kept(of));
    for (let atMs = Math.floor(fromMs / MINUTE_MS) * MINUTE_MS; atMs < last; atMs += MINUTE_MS)
      expect(found.get(atMs)?.requests ?? null, String(atMs)).toBe(value(named("n1", "requests"), atMs));
    expect(asked.filter(({ signal }) => signal === "requests")).toHaveLength(60);
    expect(asked.filter(({ signal }) => signal === "slow")).toHaveLength(6);
    expect([...found].filter(([atMs, { slow }]) => slow !== undefined && atMs % (5 * MINUTE_MS) !== 0)).toEqual([]);
    expect((await kept(of, "n2")).length).toBeGreaterThan(15);
  });

  test("fills in what CloudWatch had late, takes a corrected value, and after a fault of ten minutes nothing is missing", async () => {
    let isLate = true;
    const { source, state } = script((_, atMs) => (isLate && atMs % (2 * MINUTE_MS) === 0 ? null : isLate ? 1 : 2));
    const of = predictionWorld({ metrics: [named("n1", "requests")], source });
    await readMetrics(of.world);
    expect(new Set((await kept(of)).map(([, { requests }]) => requests))).toEqual(new Set([1]));
    isLate = false;
    state.fault = "ThrottlingException: Rate exceeded";
    const runs: string[] = [];
    for (let minute = 0; minute < 9; minute += 1) {
      await of.clock.sleep(MINUTE_MS);
      runs.push((await readMetrics(of.world)).decision);
    }
    expect(new Set(runs)).toEqual(new Set(["read-in-part"]));
    expect(of.warnings).toHaveLength(9);
    expect(of.warnings[0]).toMatchObject({ node: "n1", signal: "requests", fault: state.fault });
    state.fault = null;
    await of.clock.sleep(MINUTE_MS);
    await readMetrics(of.world);
    const found = await kept(of);
    const newest = found.slice(-10);
    expect(newest.map(([, { requests }]) => requests)).toEqual(newest.map(() => 2));
    expect(newest.map(([atMs]) => atMs)).toEqual(newest.map((_, index) => (newest[0]?.[0] ?? 0) + index * MINUTE_MS));
  });

  test("run twice for a minute writes nothing the second time", async () => {
    const { source } = script(() => 5);
    const of = predictionWorld({ metrics: [named("n1", "requests")], source });
    expect(await readMetrics(of.world)).toMatchObject({ decision: "read", read: 1, written: 10 });
    expect(await readMetrics(of.world)).toMatchObject({ decision: "read", read: 1, written: 0 });
  });

  test("is nothing to do for a fleet that names no metric", async () => {
    expect(await readMetrics(predictionWorld().world)).toMatchObject({ decision: "nothing-due" });
  });
});
