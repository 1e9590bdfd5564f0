/** What is asked of a node: a counter on a page of metrics, the transactions that wait in its pool, and all of it in the agent's report. */
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type RequestListener } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, describe, expect, test } from "vitest";
import { AgentConfig } from "../../agent/config.ts";
import { readSelector, sumOf } from "../../agent/vitals/metric-page.ts";
import { requestRate } from "../../agent/vitals/request-rate.ts";
import { agentRig } from "../support/agent-rig.ts";
import { manualClock } from "../support/manual-clock.ts";

const closers: (() => Promise<unknown> | unknown)[] = [];
afterEach(async () => {
  for (let close = closers.pop(); close !== undefined; close = closers.pop()) await close();
});
async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  closers.push(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  return `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}/metrics`;
}

const selector = (text: string) => readSelector(text) ?? { name: "", labels: new Map<string, string>() };
const value = fc.string({ maxLength: 12 });
const series = fc.record({
  name: fc.constantFrom("rpc_requests", "rpc_requests_total", "x_rpc_requests", "other"),
  labels: fc.dictionary(fc.constantFrom("method", "code", "to"), value, { noNullPrototype: true }),
  count: fc.integer({ min: 0, max: 1_000_000 }),
});
const quoted = (text: string): string => `"${text.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n")}"`;
const inBraces = (labels: Readonly<Record<string, string>>): string =>
  Object.keys(labels).length === 0
    ? ""
    : `{${Object.entries(labels)
        .map(([label, text]) => `${label}=${quoted(text)}`)
        .join(",")}}`;

describe("a page of metrics", () => {
  test("gives the sum of the series that have the name and the labels, whatever their values hold, and of no other", () => {
    fc.assert(
      fc.property(
        fc.array(series, { maxLength: 12 }),
        fc.dictionary(fc.constantFrom("method", "to"), value, { noNullPrototype: true }),
        (all, wanted) => {
          const lines = all.map(({ name, labels, count }) => `${name}${inBraces(labels)} ${count}`);
          const page = ["# HELP rpc_requests How many.", "# TYPE rpc_requests counter", ...lines, ""].join("\n");
          const fit = all.filter(
            ({ name, labels }) => name === "rpc_requests" && Object.entries(wanted).every(([label, text]) => labels[label] === text),
          );
          const found = sumOf(page, selector(`rpc_requests${inBraces(wanted)}`));
          expect(found).toBe(fit.length === 0 ? null : fit.reduce((sum, { count }) => sum + count, 0));
        },
      ),
    );
  });

  test("gives nothing where a part of the sum is no number", () => {
    expect(sumOf('a 1\na{x="1"} NaN\n', selector("a"))).toBeNull();
    expect(sumOf('a 1 1700000000000\na{x="}",} 2.5e1 7\nab 5\n', selector("a"))).toBe(26);
    expect(sumOf('a{x="1\n', selector("a"))).toBeNull();
  });

  test("is asked for by a name and labels, and by nothing else", () => {
    for (const wrong of ["", "1a", "a{", "a{b}", "a{b=c}", 'a{b="c"', 'a{b="c"}d', "a b"]) expect(readSelector(wrong), wrong).toBeNull();
    for (const right of ["a", "a:b_c", "a{}", 'a{b="c"}', 'a{b="c", d="}",}']) expect(readSelector(right), right).not.toBeNull();
  });
});

describe("the rate of requests", () => {
  test("is what was added between two looks; the first gives none, and neither does one after a restart", async () => {
    let page = "";
    const url = await serve((_, response) => response.end(page));
    const clock = manualClock();
    const rate = requestRate({ url, requests: "rpc_requests", clock });
    const look = (total: number, ms: number) => {
      page = `rpc_requests ${total}\n`;
      clock.freeze(ms);
      return rate.look();
    };
    expect(await look(100, 0)).toBeNull();
    expect(await look(150, 5_000)).toBe(10);
    expect(await look(150, 5_000)).toBe(0);
    expect(await look(20, 5_000)).toBeNull();
    expect(await look(30, 1_000)).toBe(10);
    page = "nothing of that name\n";
    expect(await rate.look()).toBeNull();
  });

  test("is not measured where the page is no page, too large, or late", async () => {
    const clock = manualClock();
    const answers: RequestListener[] = [
      (_, response) => response.writeHead(503).end("rpc_requests 1\n"),
      (_, response) => response.end(`rpc_requests 1\n${"# filler\n".repeat(600_000)}`),
      () => {},
    ];
    for (const answer of answers) {
      const rate = requestRate({ url: await serve(answer), requests: "rpc_requests", clock });
      expect([await rate.look(), await rate.look()]).toEqual([null, null]);
    }
    expect(await requestRate({ url: "http://127.0.0.1:9/metrics", requests: "rpc_requests", clock }).look()).toBeNull();
  });
});

describe("the report", () => {
  test("tells of the node's own process, disk and demand where the agent was told of them", async () => {
    const folder = mkdtempSync(join(tmpdir(), "synnergy-told-"));
    closers.push(() => rmSync(folder, { recursive: true, force: true }));
    const child = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"], { stdio: "ignore" });
    closers.push(() => child.kill("SIGKILL"));
    const pidFile = join(folder, "node.pid");
    writeFileSync(pidFile, `${child.pid}\n`);
    mkdirSync(join(folder, "data"));
    const node = await serve((request, response) => {
      request.resume();
      if (request.method === "GET") return response.end('requests_total{to="n1"} 5\n');
      return response.writeHead(200).end(JSON.stringify([{ jsonrpc: "2.0", id: 0, result: { pending: "0x1f", queued: "0x0" } }]));
    });
    const rig = await agentRig({
      rpc: node,
      vitals: {
        pidFile,
        memoryBytesMax: 2 ** 30,
        disk: { folder: join(folder, "data"), bytesMax: 2 ** 30 },
        metrics: { url: node, requests: 'requests_total{to="n1"}' },
      },
    });
    closers.push(() => rig.end());
    await rig.start();
    const host = async () => (await rig.control.report()).host;
    await expect.poll(async () => (await host()).node?.pendingTransactions, { timeout: 5_000 }).toBe(31);
    const told = await host();
    expect(told.node).toMatchObject({ memoryBytesMax: 2 ** 30, pendingTransactions: 31, requestsPerSecond: null });
    expect(told.node?.memoryBytes).toBeGreaterThan(2 ** 20);
    expect(told.diskFreeBytes).toBeGreaterThan(0.99 * 2 ** 30);
    expect(told.diskFreeBytes).toBeLessThanOrEqual(2 ** 30);
    // Nothing more was asked: the next look at what is asked of it is due.
    rig.clock.pass(5_000);
    await expect.poll(async () => (await host()).node?.requestsPerSecond, { timeout: 5_000 }).toBe(0);
  });

  test("has nulls of a node of which it was told nothing and that does not answer", async () => {
    const rig = await agentRig();
    closers.push(() => rig.end());
    await rig.start();
    const nothing = {
      memoryBytes: null,
      memoryBytesMax: null,
      openFiles: null,
      openFilesMax: null,
      requestsPerSecond: null,
      pendingTransactions: null,
    };
    await expect.poll(async () => (await rig.control.report()).host.node, { timeout: 5_000 }).toEqual(nothing);
  });
});

test("a configuration whose page is not on loopback, or whose counter is no counter's name, is refused", async () => {
  const rig = await agentRig();
  closers.push(() => rig.end());
  const faults = (metrics: { url: string; requests: string }) =>
    AgentConfig.safeParse({ ...rig.config, vitals: { metrics } }).error?.issues.map(({ message }) => message);
  expect(faults({ url: "http://127.0.0.1:6060/debug/metrics/prometheus", requests: "rpc_requests" })).toBeUndefined();
  expect(faults({ url: "http://[::1]:6060/metrics", requests: "rpc_requests" })).toBeUndefined();
  expect(faults({ url: "http://10.0.0.1:6060/metrics", requests: "rpc_requests" })?.join()).toContain("loopback");
  expect(faults({ url: "https://127.0.0.1:6060/metrics", requests: "rpc_requests" })?.join()).toContain("loopback");
  expect(faults({ url: "http://127.0.0.1:6060/metrics", requests: "rate(x[1m])" })?.join()).toContain("rpc_requests");
});
