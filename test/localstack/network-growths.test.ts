/** Memory that really leaks, a disk that really fills, and the end that comes of it: on real nodes. */
import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { diskSpace } from "../../agent/vitals/disk-space.ts";
import { nodeProcess } from "../../agent/vitals/node-process.ts";
import { requestRate } from "../../agent/vitals/request-rate.ts";
import { anvilProcess } from "../../localstack/network/anvil.ts";
import { chainNode, untilAnswering } from "../../localstack/network/chain-node.ts";
import { planFault } from "../../localstack/network/fault-plan.ts";
import { portAllotment } from "../../localstack/network/free-port.ts";
import { nodeGrowths } from "../../localstack/network/growths.ts";
import { ballastOf, hostFolder, pidFileOf } from "../../localstack/network/host-limits.ts";
import { processTable } from "../../localstack/network/process-table.ts";
import { requestsAt } from "../../localstack/network/request-metrics.ts";
import { manualClock } from "../support/manual-clock.ts";
import { directStarter, jsonRpcTo, until, useNetwork } from "./network-rig.ts";

const MEBIBYTE = 1024 ** 2;
const rig = useNetwork({ hosts: false, genesisAgeS: 3_600 });
const closers: (() => Promise<unknown> | unknown)[] = [];
afterEach(async () => {
  for (let close = closers.pop(); close !== undefined; close = closers.pop()) await close();
});

/** One node alone, with a host's files, and limits that are reached in seconds. */
async function oneHost(extra: { memoryBytes?: number; diskBytes?: number }) {
  const folder = mkdtempSync(join(tmpdir(), "synnergy-growths-"));
  closers.push(() => rmSync(folder, { recursive: true, force: true }));
  const { starter, endAll } = directStarter();
  closers.push(endAll);
  const processes = processTable(starter);
  const host = { id: "n1", rpcPort: await portAllotment()(), genesisTime: 1_700_000_000 };
  const node = chainNode(host);
  closers.push(node.close);
  const pidFile = pidFileOf(folder, "n1");
  mkdirSync(dirname(pidFile), { recursive: true });
  await processes.start(anvilProcess(host), async ({ pid }) => {
    writeFileSync(pidFile, `${pid}\n`);
    await untilAnswering(node);
  });
  const found = nodeProcess({ pidFile });
  const resident = async (): Promise<number> => (await found.look())?.memoryBytes ?? 0;
  const logged: Readonly<Record<string, unknown>>[] = [];
  const limits = { memoryBytes: (await resident()) + (extra.memoryBytes ?? 0), diskBytes: extra.diskBytes ?? 0 };
  const growths = nodeGrowths({ folder, hosts: [host], processes, log: (line) => logged.push(line), limits });
  closers.push(growths.heal);
  return {
    folder,
    growths,
    resident,
    logged,
    limits,
    rpcUrl: `http://127.0.0.1:${host.rpcPort}`,
    isDead: async () => processes.states()[0]?.state === "dead",
  };
}

test("a leaking node grows by megabytes a second until it passes its limit, and is killed then and not before", async () => {
  const { growths, resident, logged, limits, isDead } = await oneHost({ memoryBytes: 48 * MEBIBYTE });
  const before = await resident();
  expect(await growths.begin("n1", "memory", 4_000)).toContain("in 4 s");
  await until("it has grown by a third", async () => (await resident()) > before + 16 * MEBIBYTE);
  expect(await isDead()).toBe(false);
  await until("it is dead", isDead);
  expect(logged).toMatchObject([{ kind: "killed-by-limit", node: "n1", reason: expect.stringContaining("of memory") }]);
  const [reached = 0, allowed = 0] = String(logged[0]?.reason).match(/\d+/g)?.map(Number) ?? [];
  expect(allowed).toBe(Math.round(limits.memoryBytes / MEBIBYTE));
  expect(reached).toBeGreaterThanOrEqual(allowed);
  expect(growths.states()).toEqual([]);
  expect(await growths.begin("n1", "memory", 4_000)).toBe("n1 was not running");
});

test("a heal ends a leak: the node lives, and grows no more", async () => {
  const { growths, resident, logged, isDead, rpcUrl } = await oneHost({ memoryBytes: 512 * MEBIBYTE });
  const before = await resident();
  await growths.begin("n1", "memory", 20_000);
  await until("it grows", async () => (await resident()) > before + 10 * MEBIBYTE);
  expect(await growths.heal()).toBe("grows no more: n1's memory");
  const healed = await resident();
  expect(growths.states()).toEqual([]);
  for (let asked = 0; asked < 200; asked += 1) await jsonRpcTo(rpcUrl, "eth_blockNumber", []);
  expect((await resident()) - healed).toBeLessThan(2 * MEBIBYTE);
  expect([await isDead(), logged, await growths.heal()]).toEqual([false, [], undefined]);
});

test("a disk fills along a line until nothing is free, the node dies of it, and a heal gives the space back", async () => {
  const { folder, growths, logged, isDead } = await oneHost({ diskBytes: 24 * MEBIBYTE });
  const free = async () =>
    (await diskSpace({ folder: hostFolder(folder, "n1"), bytesMax: 24 * MEBIBYTE, everyMs: 10_000, clock: manualClock() }).look())?.freeBytes ??
    Number.NaN;
  await growths.begin("n1", "disk", 3_000);
  await until("half is gone", async () => (await free()) < 12 * MEBIBYTE);
  expect(await isDead()).toBe(false);
  await until("it is dead", isDead);
  expect(await free()).toBe(0);
  expect(logged).toEqual([{ kind: "killed-by-limit", node: "n1", reason: expect.stringContaining("nothing is free") }]);
  expect(statSync(ballastOf(folder, "n1")).size).toBeLessThan(40 * MEBIBYTE);
  await growths.heal();
  expect(existsSync(ballastOf(folder, "n1"))).toBe(false);
  expect(await free()).toBeGreaterThan(23 * MEBIBYTE);
});

test("a leaking node's blocks are the blocks of all, and its pool and state are what they were", async () => {
  const ids = ["n1", "n2", "n3", "n4"];
  const coinbase = rig.network.nodes[1]?.coinbase ?? "";
  const pid = rig.network.snapshot().processes.find(({ name }) => name === "n2")?.pid ?? 0;
  const file = join(mkdtempSync(join(tmpdir(), "synnergy-pid-")), "pid");
  closers.push(() => rmSync(dirname(file), { recursive: true }));
  writeFileSync(file, String(pid));
  const resident = async (): Promise<number> => (await nodeProcess({ pidFile: file }).look())?.memoryBytes ?? 0;
  const before = await resident();
  const accounts = (await rig.rpc("n2", "eth_accounts", [])) as string[];
  expect(await rig.network.fault("leak", "n2", 60)).toEqual([expect.stringContaining("n2's memory reaches 384 MiB in 60 s")]);
  for (let slot = 1; slot <= 5; slot += 1) {
    await rig.rpc("n2", "eth_sendTransaction", [{ from: accounts[0], to: accounts[1], value: "0x1" }]);
    const built = await rig.network.gossip.build("n2", slot, coinbase);
    if (built.kind !== "built") throw new Error(built.reason);
    await until("all have it", async () => (await Promise.all(ids.map(rig.head))).every(({ hash }) => hash === built.hash));
  }
  await until("it has grown", async () => (await resident()) > before + 8 * MEBIBYTE);
  expect(rig.network.snapshot().growing).toEqual([{ node: "n2", of: "memory" }]);
  expect(await rig.network.fault("heal")).toEqual([expect.stringContaining("grows no more: n2's memory")]);
  expect(rig.network.snapshot()).toMatchObject({ growing: [], processes: expect.arrayContaining([{ name: "n2", pid, state: "running" }]) });
  expect(rig.logged.filter((line) => line.kind === "not-adopted" || line.kind === "failed")).toEqual([]);
});

test("what takes its time takes whole seconds within bounds, and what does not takes none", async () => {
  const topology = { nodes: ["n1"], regions: [] };
  expect(planFault("leak", "n1", topology)).toMatchObject({ kind: "planned", steps: [{ kind: "grow", of: "memory", overMs: 40_000 }] });
  expect(planFault("fill-disk", "n1", topology, 60)).toMatchObject({ kind: "planned", steps: [{ kind: "grow", of: "disk", overMs: 60_000 }] });
  for (const seconds of [0, 4, 7.5, 241, Number.NaN]) expect(planFault("leak", "n1", topology, seconds)).toMatchObject({ kind: "refused" });
  expect(planFault("kill-node", "n1", topology, 10)).toMatchObject({ kind: "refused", reason: expect.stringContaining("at once") });
});

test("every request that comes to a node by a link is counted on the page, and none that did not pass", async () => {
  const url = rig.network.nodes[2]?.rpcByRegion["us-east-1"] ?? "";
  const clock = manualClock();
  const rate = requestRate({ url: rig.network.metricsUrl, requests: requestsAt("n3"), clock });
  const asked = async (times: number) => {
    for (let time = 0; time < times; time += 1) await jsonRpcTo(url, "eth_blockNumber", []);
    clock.freeze(1_000);
    return rate.look();
  };
  expect(await asked(3)).toBeNull();
  expect(await asked(7)).toBe(7);
  await rig.network.fault("partition-observers", "n3");
  await expect(jsonRpcTo(url, "eth_blockNumber", [], 200)).rejects.toThrow();
  expect(await asked(0)).toBe(0);
  await rig.network.fault("reconnect", "n3");
  expect(await asked(1)).toBe(1);
});
