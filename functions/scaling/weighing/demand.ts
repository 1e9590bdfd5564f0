/** The demand of a group, from the vitals of its nodes or from CloudWatch, as this Region's observer has it. */
import { NodeId, type RegionName } from "../../../core/kernel/ids.ts";
import type { NamedMetric } from "../../../core/kernel/named-metric.ts";
import type { World } from "../../../core/kernel/ports.ts";
import type { Demand, ScalingGroup } from "../../../core/kernel/scaling-policy.ts";
import { signalsOf } from "../../../core/kernel/signals.ts";
import { type MeasuredDemand, measureDemand, type NodeSeries } from "../../../core/scaling/adaptive-resource-allocation/measured-demand.ts";

const MINUTE_MS = 60_000;
/** What a decision to take capacity away looks back on. */
const WINDOW_MS = 300_000;
const WINDOW_SAMPLES_MIN = 3;
const WINDOW_SAMPLES_MAX = 15;
const POINTS_MAX = 200;
const NODES_AT_ONCE = 8;
const ENROLLED_MAX = 1_000;
/** CloudWatch has a minute's metric about a minute later. */
const CLOUDWATCH_LATE_MS = 60_000;

export async function readDemand(world: World, group: ScalingGroup, units: readonly string[]): Promise<MeasuredDemand> {
  const nowMs = world.clock.wallMs();
  if (group.demand.kind === "cloudwatch") {
    const { demand } = group;
    const points = await readMetric(world, group.name, demand, nowMs);
    const asOfMs = nowMs - CLOUDWATCH_LATE_MS;
    return measureDemand({ series: [{ node: demand.metric, points }], nowMs: asOfMs, ...windowOf(demand.periodSeconds * 1_000) });
  }
  const cadence = windowOf(world.fleet.policies.watch.vitalsSeconds * 1_000);
  const nodes = await nodesOf(world, group, units);
  const spanMs = Math.max(2 * MINUTE_MS, cadence.windowSamples * cadence.cadenceMs) + 2 * cadence.cadenceMs;
  const limit = Math.min(POINTS_MAX, Math.ceil(spanMs / cadence.cadenceMs) + 2);
  const series: NodeSeries[] = [];
  for (let from = 0; from < nodes.length; from += NODES_AT_ONCE) {
    series.push(...(await Promise.all(nodes.slice(from, from + NODES_AT_ONCE).map((node) => readSignal(world, node, group.demand, limit)))));
  }
  return measureDemand({ series, nowMs, ...cadence });
}

function windowOf(cadenceMs: number): { cadenceMs: number; windowSamples: number } {
  return { cadenceMs, windowSamples: Math.min(WINDOW_SAMPLES_MAX, Math.max(WINDOW_SAMPLES_MIN, Math.ceil(WINDOW_MS / cadenceMs))) };
}

/** The role's members, and the group's own as far as they are watched: those that joined, and those whose unit has a node's name. */
async function nodesOf({ registry, fleet }: World, { serves, joins }: ScalingGroup, units: readonly string[]): Promise<NodeId[]> {
  const members = serves.kind === "role" ? (fleet.roles.find(({ name }) => name === serves.role)?.members ?? []) : [];
  const enrolled = await registry.list("enrolledNode", { prefix: joins.idPrefix, limit: ENROLLED_MAX });
  const joined = enrolled.flatMap(({ value }) => (value.removedAtMs === null ? [value.nodeId] : []));
  const named = units.flatMap((unit) => NodeId.safeParse(unit).data ?? []);
  return [...new Set([...members, ...joined, ...named])];
}

async function readSignal({ registry, region }: World, node: NodeId, demand: Demand, limit: number): Promise<NodeSeries> {
  const newest = await registry.list("vitals", { prefix: `${node}/${region}/`, limit, newestFirst: true });
  const signal = demand.kind === "signal" ? demand.signal : "requestsPerSecond";
  return { node, points: newest.toReversed().map(({ value }) => ({ atMs: value.atMs, value: signalsOf(value)[signal] })) };
}

/** By the end of each period. What CloudWatch does not say is a gap, and it says why in the log. */
async function readMetric(world: World, group: string, demand: Extract<Demand, { kind: "cloudwatch" }>, nowMs: number) {
  const periodMs = demand.periodSeconds * 1_000;
  const untilMs = Math.floor(nowMs / periodMs) * periodMs;
  const named: NamedMetric = {
    signal: "demand",
    node: group as NodeId,
    region: demand.region as RegionName,
    namespace: demand.namespace,
    metric: demand.metric,
    dimensions: Object.fromEntries(demand.dimensions.map(({ name, value }) => [name, value])),
    statistic: demand.statistic,
    periodSeconds: demand.periodSeconds,
  };
  const metrics = world.namedMetrics === null ? null : await world.namedMetrics();
  const fromMs = untilMs - Math.max(WINDOW_MS, WINDOW_SAMPLES_MIN * periodMs) - 3 * periodMs;
  const [reading] = metrics === null ? [] : await metrics.read([named], { fromMs, untilMs });
  if (reading?.fault != null) world.log.warn("the demand could not be read whole", { group, why: reading.fault });
  return (reading?.points ?? []).map(({ atMs, value }) => ({ atMs: atMs + periodMs, value }));
}
