/** The Nodes port on a real client: anvil from npm, which mines when told. */
import { type ChildProcess, spawn } from "node:child_process";
import { createRequire } from "node:module";
import { afterAll, beforeAll, expect, test } from "vitest";
import { evmNodes } from "../../adapters/node-evm.ts";
import type { FleetNode } from "../../core/kernel/fleet.ts";
import { NodeId, RegionName } from "../../core/kernel/ids.ts";
import type { Answered } from "../../core/kernel/node.ts";

const REGION = "us-east-1";
const COINBASE = `0x${"42".repeat(20)}`;
/** Generous: the machine is shared. */
const TIMEOUT_MS = 10_000;

let anvil: ChildProcess;
let url = "";
const nodes = evmNodes({ region: REGION });
const deep = evmNodes({ region: REGION, finality: { kind: "depth", blocks: 3 } });

beforeAll(async () => {
  const platform = `${process.platform}-${process.arch === "x64" ? "amd64" : process.arch}`;
  const binary = createRequire(import.meta.url).resolve(`@foundry-rs/anvil-${platform}/bin/anvil`);
  anvil = spawn(binary, ["--port", "0", "--host", "127.0.0.1", "--no-mining", "--chain-id", "31337"], { stdio: ["ignore", "pipe", "inherit"] });
  url = await new Promise((resolve, reject) => {
    let text = "";
    anvil.once("error", reject);
    anvil.once("exit", (code) => reject(new Error(`anvil ended with ${code}`)));
    anvil.stdout?.on("data", (part: Buffer) => {
      text += part.toString();
      const found = /Listening on (127\.0\.0\.1:\d+)/.exec(text);
      if (found) resolve(`http://${found[1]}`);
    });
  });
  await rpc("anvil_setCoinbase", [COINBASE]);
  for (let block = 0; block < 9; block += 1) await rpc("evm_mine", []);
});
afterAll(async () => {
  nodes.close();
  deep.close();
  const gone = new Promise((resolve) => anvil.once("exit", resolve));
  anvil.kill("SIGKILL");
  await gone;
});

async function rpc(method: string, params: unknown[]): Promise<unknown> {
  const response = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ jsonrpc: "2.0", id: 1, method, params }),
  });
  return ((await response.json()) as { result: unknown }).result;
}

const node = (): FleetNode => ({
  id: NodeId.parse("n1"),
  zone: "a",
  region: RegionName.parse(REGION),
  rpc: { [REGION]: url },
  agent: "http://127.0.0.1:1",
  agentKey: "A".repeat(43),
  client: "anvil",
  stake: 1,
  capacity: 1,
});
const answered = async (from: typeof nodes, referenceHeight: number | null): Promise<Answered> => {
  const outcome = await from.probe(node(), { referenceHeight, timeoutMs: TIMEOUT_MS });
  if (outcome.kind !== "answered") throw new Error(`expected an answer, got ${outcome.kind}: ${outcome.reason}`);
  return outcome;
};

test("a probe says what the node has: chain, genesis, head with its signer, and the block that was asked for", async () => {
  const answer = await answered(nodes, 4);
  const genesis = (await rpc("eth_getBlockByNumber", ["0x0", false])) as { hash: string };
  const fourth = (await rpc("eth_getBlockByNumber", ["0x4", false])) as { hash: string };
  expect(answer).toMatchObject({
    chainId: 31_337,
    genesisHash: genesis.hash,
    head: { height: 9, signer: COINBASE },
    reference: { height: 4, hash: fourth.hash },
    syncing: false,
  });
});

test("the second probe, which no longer asks for genesis, still knows it", async () => {
  const [first, second] = [await answered(nodes, null), await answered(nodes, null)];
  expect(second.genesisHash).toBe(first.genesisHash);
});

test("a height that the node does not have is null, not a fault", async () => {
  expect((await answered(nodes, 10_000)).reference).toBeNull();
});

test("with a finality of depth the finalized block is that deep, and known from the second probe on", async () => {
  expect((await answered(deep, null)).finalized).toBeNull();
  expect((await answered(deep, null)).finalized).toMatchObject({ height: 6 });
});

test("recent blocks come newest first, linked, and never beyond genesis", async () => {
  const three = await nodes.recentBlocks(node(), { limit: 3, timeoutMs: TIMEOUT_MS });
  expect(three.map(({ height }) => height)).toEqual([9, 8, 7]);
  expect(three[0]?.parentHash).toBe(three[1]?.hash);
  const all = await nodes.recentBlocks(node(), { limit: 64, timeoutMs: TIMEOUT_MS });
  expect(all.map(({ height }) => height)).toEqual([9, 8, 7, 6, 5, 4, 3, 2, 1, 0]);
});

test("a node without a path from this Region is silent, and has no blocks", async () => {
  const elsewhere = evmNodes({ region: "eu-west-1" });
  expect((await elsewhere.probe(node(), { referenceHeight: null, timeoutMs: TIMEOUT_MS })).kind).toBe("silent");
  expect(await elsewhere.recentBlocks(node(), { limit: 3, timeoutMs: TIMEOUT_MS })).toEqual([]);
});
