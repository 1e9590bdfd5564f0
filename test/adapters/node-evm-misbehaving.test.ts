/** Whatever a server does, a probe of it is one of the port's answers, in time, within its bytes. */
import { type AddressInfo, createServer } from "node:net";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { evmNodes } from "../../adapters/node-evm.ts";
import type { FleetNode } from "../../core/kernel/fleet.ts";
import { NodeId, RegionName } from "../../core/kernel/ids.ts";
import { Probe } from "../../core/kernel/node.ts";
import { type Manner, type MisbehavingServer, startMisbehavingServer } from "../support/misbehaving-server.ts";

const REGION = "us-east-1";
/** Small, so that the suite is fast; far above what loopback needs. */
const TIMEOUT_MS = 400;
/** Two cores shared with everything else. */
const SLACK_MS = 1_500;

let server: MisbehavingServer;
let nodes: ReturnType<typeof evmNodes>;
beforeAll(async () => {
  server = await startMisbehavingServer();
});
afterAll(async () => {
  nodes.close();
  await server.close();
});
beforeEach(() => {
  nodes?.close();
  nodes = evmNodes({ region: REGION });
  server.behave("honest");
  server.asked.length = 0;
});

const nodeAt = (rpc: string): FleetNode => ({
  id: NodeId.parse("n1"),
  zone: "a",
  region: RegionName.parse(REGION),
  rpc,
  agent: "http://127.0.0.1:1",
  agentKey: "A".repeat(43),
  client: "test",
  stake: 1,
  capacity: 1,
});
const probe = (referenceHeight: number | null = 5, timeoutMs = TIMEOUT_MS) => nodes.probe(nodeAt(server.url), { referenceHeight, timeoutMs });

const EXPECTED: Record<Exclude<Manner, "honest" | "shuffled" | "no-finalized">, Probe["kind"]> = {
  hangs: "silent",
  drips: "silent",
  "giant-body": "malformed",
  "endless-body": "malformed",
  "giant-header": "malformed",
  "half-json": "malformed",
  "wrong-id": "malformed",
  "same-id-twice": "malformed",
  "too-many-answers": "malformed",
  redirects: "malformed",
  "garbage-types": "malformed",
  "negative-numbers": "malformed",
  "huge-numbers": "malformed",
  "not-a-batch": "malformed",
  empty: "malformed",
  resets: "refused",
  closes: "refused",
  "breaks-off": "silent",
  "gzip-bomb": "malformed",
  "not-http": "malformed",
  overloaded: "silent",
  "wrong-height": "malformed",
  "finalized-above-head": "malformed",
};

test.each(Object.entries(EXPECTED))("a node that %s is %s, within the time limit", async (manner, kind) => {
  server.behave(manner as Manner);
  const startedMs = performance.now();
  const outcome = await probe();
  expect(performance.now() - startedMs).toBeLessThan(TIMEOUT_MS + SLACK_MS);
  expect(Probe.parse(outcome)).toMatchObject({ kind });
  expect("reason" in outcome && outcome.reason.length).toBeLessThan(300);
});

test("answers are matched by id, whatever their order", async () => {
  const honest = await probe();
  server.behave("shuffled");
  expect(await probe()).toEqual({ ...honest, latencyMs: expect.any(Number) });
  expect(honest).toMatchObject({
    kind: "answered",
    chainId: 31_337,
    head: { height: 16 },
    finalized: { height: 4 },
    peers: 3,
    reference: { height: 5 },
  });
});

test("a node that knows neither finalized nor peers is healthy all the same", async () => {
  server.behave("no-finalized");
  expect(await probe()).toMatchObject({ kind: "answered", finalized: null, peers: null, syncing: false });
});

test("nothing listens: refused, long before the time limit", async () => {
  const taken = createServer();
  await new Promise<void>((resolve) => taken.listen(0, "127.0.0.1", resolve));
  const { port } = taken.address() as AddressInfo;
  await new Promise((resolve) => taken.close(resolve));
  const startedMs = performance.now();
  const outcome = await nodes.probe(nodeAt(`http://127.0.0.1:${port}`), { referenceHeight: null, timeoutMs: 20_000 });
  expect(outcome.kind).toBe("refused");
  expect(performance.now() - startedMs).toBeLessThan(5_000);
});

test("a node that closes an idle connection is asked again, not called dead", async () => {
  expect((await probe()).kind).toBe("answered");
  server.behave("closes");
  const closed = probe();
  expect((await closed).kind).toBe("refused");
  server.behave("honest");
  expect((await probe()).kind).toBe("answered");
});

test("one node that hangs does not delay another's probe", async () => {
  const other = await startMisbehavingServer();
  server.behave("hangs");
  const hung = [probe(null, 2_500), probe(null, 2_500), probe(null, 2_500)];
  const startedMs = performance.now();
  expect((await nodes.probe(nodeAt(other.url), { referenceHeight: null, timeoutMs: 3_000 })).kind).toBe("answered");
  expect(performance.now() - startedMs).toBeLessThan(2_000);
  for (const outcome of await Promise.all(hung)) expect(outcome.kind).toBe("silent");
  await other.close();
});

test("a prober that gives up leaves no connection behind", async () => {
  server.behave("hangs");
  const controller = new AbortController();
  const asked = nodes.probe(nodeAt(server.url), { referenceHeight: null, timeoutMs: 20_000, signal: controller.signal });
  controller.abort();
  expect((await asked).kind).toBe("silent");
  expect((await nodes.probe(nodeAt(server.url), { referenceHeight: null, timeoutMs: 20_000, signal: controller.signal })).kind).toBe("silent");
});

test("a giant answer costs no more memory than its limit allows", async () => {
  server.behave("endless-body");
  await probe();
  const beforeBytes = process.memoryUsage().external + process.memoryUsage().heapUsed;
  for (let round = 0; round < 20; round += 1) expect((await probe()).kind).toBe("malformed");
  const grownBytes = process.memoryUsage().external + process.memoryUsage().heapUsed - beforeBytes;
  expect(grownBytes).toBeLessThan(64 * 1024 * 1024);
});

test("genesis is asked once, not with every probe, and again after a failure", async () => {
  const genesisAsked = () => server.asked.filter((calls) => calls.includes("eth_getBlockByNumber 0x0")).length;
  for (let round = 0; round < 5; round += 1) await probe();
  expect(genesisAsked()).toBe(1);
  server.behave("half-json");
  await probe();
  server.behave("honest");
  await probe();
  expect(genesisAsked()).toBe(2);
  for (let round = 0; round < 40; round += 1) await probe();
  expect(genesisAsked()).toBe(3);
});
