/**
 * The metrics that the fleet file names, from CloudWatch by GetMetricData. What CloudWatch has no value for is no point. What it could
 * not say, by throttling, by denial, by half an answer or by one that makes no sense, is a fault of that reading alone, told with its
 * reason: the others stand, and the next look goes back far enough to fill in what is missing now.
 */
import {
  CloudWatchClient,
  GetMetricDataCommand,
  type GetMetricDataCommandOutput,
  type MetricDataQuery,
  type MetricDataResult,
} from "@aws-sdk/client-cloudwatch";
import type { Fleet } from "../core/kernel/fleet.ts";
import type { MetricPoint, MetricReading, NamedMetric } from "../core/kernel/named-metric.ts";
import type { NamedMetrics } from "../core/kernel/service-ports.ts";

/** CloudWatch's own limit of one request. */
const METRICS_PER_REQUEST = 500;
/** Ours are a few points a metric: what does not fit into so many pages is not ours. */
const PAGES_MAX = 10;
/** The SDK waits longer from one to the next where it is told to slow down. */
const ATTEMPTS = 4;
const CONNECT_MS = 1_000;
const ATTEMPT_MS = 3_000;
/** Of a request with its attempts and pages: the next run is due in a minute. */
const REQUEST_MS = 20_000;

type Options = { readonly fleet: Pick<Fleet, "nodes">; readonly endpoint?: string; readonly requestMs?: number };
type Span = { readonly fromMs: number; readonly untilMs: number };
/** Of one query, gathered from all pages. */
type Gathered = { readonly points: MetricPoint[]; status: string | undefined };

export function cloudWatchMetrics({ fleet, endpoint, requestMs = REQUEST_MS }: Options): NamedMetrics & { close(): void } {
  const clients = new Map<string, CloudWatchClient>();
  const clientIn = (region: string): CloudWatchClient => {
    const known = clients.get(region) ?? openClient(region, endpoint);
    clients.set(region, known);
    return known;
  };
  const regionOf = ({ node, region }: NamedMetric): string => region ?? fleet.nodes.find(({ id }) => id === node)?.region ?? "";
  return {
    close: () => {
      for (const client of clients.values()) client.destroy();
    },
    async read(metrics, span) {
      const requests = requestsOf(metrics, regionOf);
      const readings = new Map<NamedMetric, MetricReading>();
      const answers = requests.map(async ({ region, asked }) => {
        const found = await readAll(clientIn(region), asked, span, requestMs);
        asked.forEach((metric, index) => void readings.set(metric, readingOf(metric, span, found, index)));
      });
      await Promise.all(answers);
      return metrics.map((metric) => readings.get(metric) ?? { node: metric.node, signal: metric.signal, points: [], fault: "it was not asked for" });
    },
  };
}

function openClient(region: string, endpoint: string | undefined): CloudWatchClient {
  return new CloudWatchClient({
    region,
    ...(endpoint === undefined ? {} : { endpoint }),
    maxAttempts: ATTEMPTS,
    requestHandler: { connectionTimeout: CONNECT_MS, requestTimeout: ATTEMPT_MS, throwOnRequestTimeout: true },
  });
}

function requestsOf(metrics: readonly NamedMetric[], regionOf: (metric: NamedMetric) => string) {
  const byRegion = Map.groupBy(metrics, regionOf);
  return [...byRegion].flatMap(([region, all]) =>
    Array.from({ length: Math.ceil(all.length / METRICS_PER_REQUEST) }, (_, page) => ({
      region,
      asked: all.slice(page * METRICS_PER_REQUEST, (page + 1) * METRICS_PER_REQUEST),
    })),
  );
}

const idOf = (index: number): string => `m${index}`;

function queryOf({ namespace, metric, dimensions, periodSeconds, statistic }: NamedMetric, index: number): MetricDataQuery {
  const Dimensions = Object.entries(dimensions).map(([Name, Value]) => ({ Name, Value }));
  return {
    Id: idOf(index),
    MetricStat: { Metric: { Namespace: namespace, MetricName: metric, Dimensions }, Period: periodSeconds, Stat: statistic },
    ReturnData: true,
  };
}

/** What was gathered before a failure stays, and the failure is told of every query that was not complete by then. */
async function readAll(client: CloudWatchClient, asked: readonly NamedMetric[], { fromMs, untilMs }: Span, requestMs: number) {
  const byId = new Map<string, Gathered>();
  const abortSignal = AbortSignal.timeout(requestMs);
  const input = { MetricDataQueries: asked.map(queryOf), StartTime: new Date(fromMs), EndTime: new Date(untilMs) };
  let fault: string | null = null;
  let next: string | undefined;
  try {
    for (let page = 0; page < PAGES_MAX; page += 1) {
      const answer: GetMetricDataCommandOutput = await client.send(
        new GetMetricDataCommand({ ...input, ...(next === undefined ? {} : { NextToken: next }) }),
        { abortSignal },
      );
      for (const result of answer.MetricDataResults ?? []) gather(byId, result);
      next = answer.NextToken;
      if (next === undefined) break;
    }
    if (next !== undefined) fault = `CloudWatch had more than ${PAGES_MAX} pages`;
  } catch (error) {
    fault = abortSignal.aborted
      ? `CloudWatch took more than ${requestMs} ms`
      : error instanceof Error
        ? `${error.name}: ${error.message}`
        : String(error);
  }
  return { byId, fault };
}

/** A query that is named on several pages is complete when the last of them says so. */
function gather(byId: Map<string, Gathered>, { Id = "", Timestamps = [], Values = [], StatusCode }: MetricDataResult): void {
  const gathered = byId.get(Id) ?? { points: [], status: undefined };
  byId.set(Id, gathered);
  gathered.status = Timestamps.length === Values.length ? StatusCode : "an answer with unequal numbers of times and values";
  if (Timestamps.length !== Values.length) return;
  Timestamps.forEach((timestamp, index) => void gathered.points.push({ atMs: timestamp.getTime(), value: Values[index] ?? Number.NaN }));
}

function readingOf(
  { node, signal }: NamedMetric,
  { fromMs, untilMs }: Span,
  found: Awaited<ReturnType<typeof readAll>>,
  index: number,
): MetricReading {
  const { points = [], status } = found.byId.get(idOf(index)) ?? {};
  const sound = points.filter(({ atMs, value }) => Number.isFinite(value) && Number.isInteger(atMs) && atMs >= fromMs && atMs < untilMs);
  const complete = status === "Complete" ? null : (found.fault ?? `CloudWatch says ${status ?? "nothing of it"}`);
  const fault =
    complete ??
    (sound.length === points.length ? null : `CloudWatch gave ${points.length - sound.length} points that are no numbers or of another time`);
  return { node, signal, points: sound.toSorted((one, other) => one.atMs - other.atMs), fault };
}
