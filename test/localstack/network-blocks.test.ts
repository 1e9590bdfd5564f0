/** The rehearsal network passes blocks on: hashes agree, branches are given up, late-comers catch up. Real nodes, no validators. */
import { expect, test } from "vitest";
import { chainNode } from "../../localstack/network/chain-node.ts";
import { jsonRpcTo, until, useNetwork } from "./network-rig.ts";

const rig = useNetwork({ hosts: false, genesisAgeS: 3_600 });
const IDS = ["n1", "n2", "n3", "n4"] as const;
const coinbase = (id: string): string => rig.network.nodes.find((node) => node.id === id)?.coinbase ?? "";
/** Slots are given out by hand here, ever upwards, and all in the past. */
let slot = 0;
async function build(id: string): Promise<string> {
  slot += 1;
  const answer = await rig.network.gossip.build(id, slot, coinbase(id));
  if (answer.kind !== "built") throw new Error(answer.reason);
  return answer.hash;
}
const agreeOn = (hash: string, ids: readonly string[] = IDS) =>
  until(`${ids.join(", ")} have ${hash}`, async () => (await Promise.all(ids.map(rig.head))).every((head) => head.hash === hash));
const gossipCut = (id: string, up: boolean) =>
  IDS.filter((other) => other !== id).forEach((other) => {
    rig.network.gossip.setLink(id, other, up);
    rig.network.gossip.setLink(other, id, up);
  });

test("all nodes start from one genesis, and a block made at one is the same block, by hash and signer, at all", async () => {
  expect(new Set(await Promise.all(IDS.map(async (id) => (await rig.head(id)).hash))).size).toBe(1);
  for (const id of IDS) {
    const hash = await build(id);
    await agreeOn(hash);
    expect((await rig.head("n3")).miner).toBe(coinbase(id));
  }
});

test("transactions reach every pool, and a block that carries them keeps its hash and their order", async () => {
  const accounts = (await rig.rpc("n1", "eth_accounts", [])) as string[];
  const sent: unknown[] = [];
  for (const [from, to] of [
    [0, 1],
    [1, 2],
    [0, 3],
    [2, 0],
  ] as const) {
    sent.push(await rig.rpc("n1", "eth_sendTransaction", [{ from: accounts[from], to: accounts[to], value: "0x1" }]));
  }
  const pending = async (id: string) => Number(((await rig.rpc(id, "txpool_status", [])) as { pending: string }).pending);
  await until("every pool has four transactions", async () => (await Promise.all(IDS.map(pending))).every((count) => count === 4));
  const hash = await build("n2");
  await agreeOn(hash);
  const block = (await rig.rpc("n4", "eth_getBlockByHash", [hash, false])) as { transactions: string[] };
  expect([...block.transactions].toSorted()).toEqual([...sent].toSorted());
  await until("no pool keeps what is in a block", async () => (await Promise.all(IDS.map(pending))).every((count) => count === 0));
});

test("a node that is behind the head it hears of builds nothing on its old one", async () => {
  await agreeOn(await build("n1"));
  rig.network.gossip.setLink("n1", "n2", false);
  rig.network.gossip.setLink("n3", "n2", false);
  rig.network.gossip.setLink("n4", "n2", false);
  const hash = await build("n1");
  await agreeOn(hash, ["n1", "n3", "n4"]);
  const before = await rig.head("n2");
  expect(before.hash).not.toBe(hash);
  gossipCut("n2", true);
  const early = await rig.network.gossip.build("n2", slot + 1, coinbase("n2"));
  // Either it was told to wait, or it had caught up by then: it never builds beside the head.
  if (early.kind === "built") slot += 1;
  const head = await until("all agree again", async () => {
    const heads = await Promise.all(IDS.map(rig.head));
    return heads.every((one) => one.hash === heads[0]?.hash) && heads[0];
  });
  expect(head?.number).toBe(before.number + (early.kind === "built" ? 2 : 1));
});

test("after a partition the branch with the highest slot wins everywhere, and the loser's transactions go back to the pool", async () => {
  await agreeOn(await build("n1"));
  gossipCut("n1", false);
  const accounts = (await rig.rpc("n1", "eth_accounts", [])) as string[];
  const lost = await rig.rpc("n1", "eth_sendTransaction", [{ from: accounts[4], to: accounts[5], value: "0x1" }]);
  for (let made = 0; made < 3; made += 1) await build("n1");
  const losing = await rig.head("n1");
  let winning = "";
  for (let made = 0; made < 2; made += 1) winning = await build("n2");
  await agreeOn(winning, ["n2", "n3", "n4"]);
  expect((await rig.head("n1")).hash).toBe(losing.hash);
  gossipCut("n1", true);
  await agreeOn(winning);
  expect((await rig.head("n1")).number).toBe(losing.number - 1);
  const hash = await build("n3");
  await agreeOn(hash);
  await until("the transaction is in a block of the winning branch", async () => {
    const receipt = (await rig.rpc("n2", "eth_getTransactionReceipt", [lost])) as { blockNumber: string } | null;
    if (receipt === null) await agreeOn(await build("n3"));
    return receipt !== null;
  });
});

test("a rogue's fifty blocks are refused by every honest node, and it is set right by a restart", async () => {
  const before = await build("n1");
  await agreeOn(before);
  await rig.network.fault("rogue", "n4");
  expect((await rig.head("n4")).number).toBe((await rig.head("n1")).number + 50);
  const hash = await build("n2");
  await agreeOn(hash, ["n1", "n2", "n3"]);
  expect((await rig.head("n4")).hash).not.toBe(hash);
  await rig.network.fault("heal");
  await agreeOn(hash);
});

test("a killed node comes back empty and catches up with a long chain from genesis", async () => {
  await rig.network.fault("kill-node", "n2");
  await expect(rig.head("n2")).rejects.toThrow();
  let hash = "";
  for (let made = 0; made < 600; made += 1) hash = await build("n1");
  await agreeOn(hash, ["n1", "n3", "n4"]);
  await rig.network.fault("restart-node", "n2");
  await agreeOn(hash);
  expect(rig.logged.filter((line) => line.kind === "not-adopted" || line.kind === "failed")).toEqual([]);
});

test("a block that a frozen node was asked for is made, late, when it wakes, and the node then follows the others", async () => {
  await agreeOn(await build("n1"));
  const { rpcPort } = rig.network.nodes.find((node) => node.id === "n3") ?? { rpcPort: 0 };
  const direct = chainNode({ id: "n3", rpcPort, genesisTime: rig.network.genesisTime });
  slot += 1;
  const late = slot;
  // This door to the node knows nothing of the gossip's lock: nothing else may make blocks there until it is done.
  gossipCut("n3", false);
  await rig.network.fault("freeze", "n3");
  const making = direct.exclusively(() => direct.mine({ slot: late, signer: coinbase("n3"), baseFeePerGas: 7n }));
  const hash = await build("n1");
  await agreeOn(hash, ["n1", "n2", "n4"]);
  await rig.network.fault("wake", "n3");
  expect((await making).slot).toBe(late);
  gossipCut("n3", true);
  await agreeOn(hash);
  direct.close();
});

test("every node serves through each Region's link", async () => {
  for (const node of rig.network.nodes) {
    for (const url of Object.values(node.rpcByRegion)) expect(await jsonRpcTo(url, "eth_chainId", [])).toBe("0x7a69");
  }
});
