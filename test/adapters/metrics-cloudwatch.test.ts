/** CloudWatch's API as an emulator speaks it, and each way in which it can answer badly: a gap is a gap, and one metric's trouble is its own. */
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { CloudWatchClient, PutMetricDataCommand } from "@aws-sdk/client-cloudwatch";
import { afterAll, describe, expect, it } from "vitest";
import { cloudWatchMetrics } from "../../adapters/metrics-cloudwatch.ts";
import { NamedMetric } from "../../core/kernel/named-metric.ts";
import { useEmulator } from "../support/emulator.ts";
import { fleetOf } from "../support/fake-network-fleet.ts";

const MINUTE_MS = 60_000;
const aws = useEmulator();
const fleet = fleetOf();
const closers: (() => void)[] = [];
afterAll(() => closers.forEach((close) => void close()));
const open = (endpoint: string, requestMs?: number) => {
  const metrics = cloudWatchMetrics({ fleet, endpoint, ...(requestMs === undefined ? {} : { requestMs }) });
  closers.push(metrics.close);
  return metrics;
};
const named = (signal: string, more: Record<string, unknown> = {}) =>
  NamedMetric.parse({ signal, node: "n1", namespace: "Test", metric: "Requests", statistic: "Sum", ...more });

describe("named metrics at CloudWatch's API", () => {
  it("are the values of their own dimensions and statistic by the beginning of their period, and no point where nothing was put", async () => {
    const client = new CloudWatchClient({ endpoint: aws.endpoint, region: "us-east-1" });
    const fromMs = Math.floor(Date.now() / MINUTE_MS) * MINUTE_MS - 5 * MINUTE_MS;
    const put = async (minute: number, Value: number, of: string) => {
      const Timestamp = new Date(fromMs + minute * MINUTE_MS + 1_000);
      const MetricData = [{ MetricName: "Requests", Dimensions: [{ Name: "Node", Value: of }], Timestamp, Value }];
      await client.send(new PutMetricDataCommand({ Namespace: "Test", MetricData }));
    };
    for (const [minute, value] of [
      [0, 3],
      [0, 4],
      [2, 0],
      [3, 8],
    ] as const)
      await put(minute, value, "n1");
    await put(1, 99, "n2");
    client.destroy();
    const asked = [
      named("sum", { dimensions: { Node: "n1" } }),
      named("most", { dimensions: { Node: "n1" }, statistic: "Maximum" }),
      named("none", { metric: "Other" }),
    ];
    const read = await open(aws.endpoint).read(asked, { fromMs, untilMs: fromMs + 3 * MINUTE_MS });
    const at = (minute: number, value: number) => ({ atMs: fromMs + minute * MINUTE_MS, value });
    expect(read).toEqual([
      { node: "n1", signal: "sum", points: [at(0, 7), at(2, 0)], fault: null },
      { node: "n1", signal: "most", points: [at(0, 4), at(2, 0)], fault: null },
      { node: "n1", signal: "none", points: [], fault: null },
    ]);
  });
});

type Query = { Id: string; MetricStat: { Metric: { MetricName: string } } };
type Asked = { MetricDataQueries: Query[]; NextToken?: string; StartTime: number; EndTime: number };
type Answer = { status?: number; body: Record<string, unknown> } | "silence";

async function answering(answer: (asked: Asked, call: number) => Answer): Promise<{ endpoint: string; asked: { region: string; body: Asked }[] }> {
  const asked: { region: string; body: Asked }[] = [];
  const server: Server = createServer((incoming, outgoing) => {
    const parts: Buffer[] = [];
    incoming.on("data", (part: Buffer) => void parts.push(part));
    incoming.on("end", () => {
      const body = JSON.parse(Buffer.concat(parts).toString("utf8")) as Asked;
      const region = /Credential=[^/]+\/\d+\/([^/]+)\//.exec(String(incoming.headers.authorization))?.[1] ?? "unsigned";
      const answered = answer(body, asked.push({ region, body }));
      if (answered === "silence") return;
      outgoing.writeHead(answered.status ?? 200, { "content-type": "application/x-amz-json-1.0" }).end(JSON.stringify(answered.body));
    });
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  closers.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return { endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
}

const SPAN = { fromMs: 1_800_000_000_000, untilMs: 1_800_000_600_000 };
const secondsAt = (minute: number): number => SPAN.fromMs / 1_000 + 60 * minute;
const result = (Id: string, points: readonly (readonly [number, number])[], StatusCode = "Complete") => ({
  Id,
  StatusCode,
  Timestamps: points.map(([minute]) => secondsAt(minute)),
  Values: points.map(([, value]) => value),
});
const values = (points: readonly { atMs: number; value: number }[]) => points.map(({ atMs, value }) => [(atMs - SPAN.fromMs) / MINUTE_MS, value]);

describe("CloudWatch behind a network", () => {
  it("is read to the last page, in order of time, and a query is whole when its last page says so", async () => {
    const { endpoint, asked } = await answering(({ NextToken }) =>
      NextToken === undefined
        ? {
            body: {
              NextToken: "more",
              MetricDataResults: [
                result(
                  "m0",
                  [
                    [5, 5],
                    [4, 4],
                  ],
                  "PartialData",
                ),
                result("m1", [], "PartialData"),
              ],
            },
          }
        : { body: { MetricDataResults: [result("m0", [[2, 2]])] } },
    );
    const [first, second] = await open(endpoint).read([named("a"), named("b")], SPAN);
    expect(asked.map(({ body }) => body.NextToken)).toEqual([undefined, "more"]);
    expect([values(first?.points ?? []), first?.fault]).toEqual([
      [
        [2, 2],
        [4, 4],
        [5, 5],
      ],
      null,
    ]);
    expect(second).toMatchObject({ points: [], fault: "CloudWatch says PartialData" });
  });

  it("asks each Region for its own metrics, at most 500 at once, and a Region that denies is no other's fault", async () => {
    const { endpoint, asked } = await answering(({ MetricDataQueries }) => ({
      body: { MetricDataResults: MetricDataQueries.map(({ Id, MetricStat }) => result(Id, [[1, Number(MetricStat.Metric.MetricName)]])) },
    }));
    const many = Array.from({ length: 1_100 }, (_, index) =>
      named(`s${index}`, { metric: String(index), ...(index < 99 ? { region: "eu-west-1" } : {}) }),
    );
    const read = await open(endpoint).read(many, SPAN);
    expect(read.map(({ signal, points }) => [signal, values(points)])).toEqual(many.map(({ signal, metric }) => [signal, [[1, Number(metric)]]]));
    const sizes = asked.map(({ region, body }) => `${region} ${body.MetricDataQueries.length}`);
    expect(sizes.toSorted()).toEqual(["eu-west-1 99", "us-east-1 1", "us-east-1 500", "us-east-1 500"]);
    expect(asked.map(({ body }) => [body.StartTime, body.EndTime])).toEqual(asked.map(() => [SPAN.fromMs / 1_000, SPAN.untilMs / 1_000]));
  });

  it("that throttles is asked again, some times, and then told of with what was read before", async () => {
    const throttled: Answer = { status: 400, body: { __type: "ThrottlingException", message: "Rate exceeded" } };
    const once = await answering((_, call) => (call === 1 ? throttled : { body: { MetricDataResults: [result("m0", [[1, 1]])] } }));
    expect(await open(once.endpoint).read([named("a")], SPAN)).toMatchObject([{ fault: null, points: [{ value: 1 }] }]);
    const later = await answering(({ NextToken }) =>
      NextToken === undefined
        ? { body: { NextToken: "more", MetricDataResults: [result("m0", [[1, 1]], "PartialData"), result("m1", [[1, 2]])] } }
        : throttled,
    );
    const read = await open(later.endpoint).read([named("a"), named("b")], SPAN);
    expect(read.map(({ points, fault }) => [values(points), fault])).toEqual([
      [[[1, 1]], expect.stringMatching(/Throttling.*Rate exceeded/)],
      [[[1, 2]], null],
    ]);
    expect(later.asked).toHaveLength(1 + 4);
  });

  it.each([
    ["says Forbidden", () => ({ MetricDataResults: [result("m0", [], "Forbidden")] }), /says Forbidden/],
    ["says InternalError", () => ({ MetricDataResults: [result("m0", [], "InternalError")] }), /says InternalError/],
    ["says nothing of a metric", () => ({ MetricDataResults: [] }), /nothing of it/],
    ["answers for others", () => ({ MetricDataResults: [result("m7", [[1, 1]])] }), /nothing of it/],
    ["answers with nothing at all", () => ({}), /nothing of it/],
    ["gives more values than times", () => ({ MetricDataResults: [{ ...result("m0", [[1, 1]]), Values: [1, 2] }] }), /unequal numbers/],
    [
      "gives another time's points",
      () => ({
        MetricDataResults: [
          result("m0", [
            [-1, 1],
            [10, 1],
          ]),
        ],
      }),
      /2 points that are no numbers or of another time/,
    ],
    ["gives pages without end", () => ({ NextToken: "more", MetricDataResults: [] }), /more than 10 pages/],
  ])("that %s gives a reading without points and with that fault", async (_, body, fault) => {
    const { endpoint, asked } = await answering(() => ({ body: body() }));
    const [reading] = await open(endpoint).read([named("a")], SPAN);
    expect(reading).toMatchObject({ points: [], fault: expect.stringMatching(fault) });
    expect(asked.length).toBeLessThanOrEqual(10);
  });

  it("that is silent, or not there, is a fault within its time and never an error", async () => {
    const { endpoint } = await answering(() => "silence");
    const from = performance.now();
    expect(await open(endpoint, 300).read([named("a")], SPAN)).toMatchObject([{ points: [], fault: "CloudWatch took more than 300 ms" }]);
    expect(performance.now() - from).toBeLessThan(3_000);
    const [nobody] = await open("http://127.0.0.1:9").read([named("a")], SPAN);
    expect(nobody).toMatchObject({ points: [], fault: expect.stringMatching(/ECONNREFUSED/) });
  });
});
