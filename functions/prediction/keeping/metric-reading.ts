/**
 * Reads the metrics that the fleet file names and keeps what is new of them beside the vitals, one record a node and moment. Run each
 * minute; a run that failed, came twice or not at all is made good by the next, since each looks back over what is kept already.
 */
import type { MetricReading } from "../../../core/kernel/named-metric.ts";
import type { World } from "../../../core/kernel/ports.ts";
import { pad } from "../../../core/kernel/records.ts";
import { metricsDue, minutesToWrite, spanToRead } from "../../../core/prediction/signal-history/metric-minutes.ts";

/** More moments than a span of readings has. */
const MINUTES_MAX = 1_000;

export async function readMetrics(world: World): Promise<{ decision: string; reason: string; read: number; written: number }> {
  const { fleet, clock } = world;
  const nowMs = clock.wallMs();
  const due = metricsDue(fleet.policies.prediction.metrics, nowMs);
  if (world.namedMetrics === null || due.length === 0)
    return { decision: "nothing-due", reason: "no metric's period has ended", read: 0, written: 0 };
  const source = await world.namedMetrics();
  const readings: MetricReading[] = [];
  let oldestMs = nowMs;
  for (const [periodSeconds, metrics] of Map.groupBy(due, (metric) => metric.periodSeconds)) {
    const span = spanToRead(periodSeconds, nowMs);
    oldestMs = Math.min(oldestMs, span.fromMs);
    readings.push(...(await source.read(metrics, span)));
  }
  for (const { node, signal, fault } of readings) if (fault !== null) world.log.warn("a named metric was not read whole", { node, signal, fault });
  let written = 0;
  for (const [node, ofNode] of Map.groupBy(readings, (reading) => reading.node)) written += await keep(world, node, ofNode, oldestMs);
  const faults = readings.filter(({ fault }) => fault !== null).length;
  return {
    decision: faults > 0 ? "read-in-part" : "read",
    reason: `${readings.length - faults} of ${due.length} metrics were read whole`,
    read: due.length,
    written,
  };
}

async function keep({ registry, region, fleet }: World, id: string, readings: readonly MetricReading[], oldestMs: number): Promise<number> {
  const node = fleet.nodes.find((each) => each.id === id)?.id;
  const observer = fleet.regions.observers.find((each) => each === region);
  if (node === undefined || observer === undefined) return 0;
  const prefix = `${node}/${region}/`;
  const kept = await registry.list("metricMinute", { prefix, after: `${prefix}${pad(oldestMs - 1)}`, limit: MINUTES_MAX });
  const minutes = minutesToWrite(
    kept.map(({ value }) => value),
    readings,
  );
  for (const { atMs, values } of minutes) await registry.write("metricMinute", `${prefix}${pad(atMs)}`, { node, observer, atMs, values }, "any");
  return minutes.length;
}
