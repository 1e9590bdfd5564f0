/** Whatever a node tells, what is stored is its chain or nothing; what is wrong with it is named, in time, within its bytes. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type EvmLedger, evmLedger } from "../../adapters/ledger-evm.ts";
import { hexOf, keccak } from "../../core/backup/ledger/bytes.ts";
import { CHAIN_ID, type LedgerNode, populate, startLedgerNode } from "../support/ledger-node.ts";
import { honest, type Lie, type LyingNode, lieOf, startLyingNode } from "../support/lying-node.ts";

const OPTIONS = { timeoutMs: 20_000, concurrency: 2 };
const expectation = (from = 1, to = 4) => ({ chainId: CHAIN_ID, from, to, firstParentHash: null, lastHash: null });
/** Six blocks with something in them, and forty without. */
const LAST = 46;
const OTHER = `0x${"be".repeat(32)}`;

let node: LedgerNode;
let liar: LyingNode;
let ledger: EvmLedger;
beforeAll(async () => {
  node = await startLedgerNode();
  await populate(node);
  await node.rpc("anvil_mine", ["0x28"]);
  liar = await startLyingNode(node.url);
});
afterAll(async () => {
  ledger?.close();
  await liar?.close();
  await node?.close();
});
beforeEach(() => {
  ledger?.close();
  ledger = evmLedger({ url: liar.url });
  liar.lie(honest);
});

type Told = { number: string; hash: string; parentHash: string; transactions: Record<string, unknown>[]; [field: string]: unknown };
type ToldReceipt = { transactionHash: string; status: string; cumulativeGasUsed: string; logs: Record<string, unknown>[] };
/** Block 2 has three transactions, one of which failed, and two logs. */
const ofBlock2 = (change: (block: Told) => unknown) =>
  lieOf("eth_getBlockByNumber", (block: Told) => (block?.number === "0x2" ? change(block) : block));
const ofReceipts2 = (change: (receipts: ToldReceipt[]) => unknown) =>
  lieOf("eth_getBlockReceipts", (receipts: ToldReceipt[], { params }) => (params[0] === "0x2" ? change(receipts) : receipts));
const first = (block: Told, change: Record<string, unknown>): Told => ({
  ...block,
  transactions: block.transactions.with(0, { ...block.transactions[0], ...change }),
});

describe("a node that lies", () => {
  test.each<[string, Lie, string]>([
    ["about a block's hash", ofBlock2((block) => ({ ...block, hash: OTHER })), "header-hash"],
    ["about the state", ofBlock2((block) => ({ ...block, stateRoot: OTHER })), "header-hash"],
    ["about a parent", ofBlock2((block) => ({ ...block, parentHash: OTHER })), "header-hash"],
    [
      "with a block in another's place",
      lieOf("eth_getBlockByNumber", (block: Told) => (block.number === "0x2" ? blocks.get("0x3") : block)),
      "height",
    ],
    ["about a value", ofBlock2((block) => first(block, { value: "0x1" })), "transaction-hash"],
    ["about a signature", ofBlock2((block) => first(block, { s: "0x1" })), "transaction-hash"],
    ["about a type that it invents", ofBlock2((block) => first(block, { type: "0x7e" })), "transaction-type"],
    ["with a field left out", ofBlock2((block) => first(block, { gas: undefined })), "malformed"],
    ["with a field of a fork left out", ofBlock2(({ blobGasUsed: _gone, ...block }) => block), "header-fields"],
    ["about an outcome", ofReceipts2((receipts) => receipts.map((each) => ({ ...each, status: "0x1" }))), "receipts-root"],
    ["about the gas", ofReceipts2((receipts) => receipts.map((each) => ({ ...each, cumulativeGasUsed: "0x5208" }))), "receipts-root"],
    ["with a log left out", ofReceipts2((receipts) => receipts.map((each) => ({ ...each, logs: [] }))), "receipts-root"],
    ["with a receipt left out", ofReceipts2((receipts) => receipts.slice(1)), "receipts-root"],
    ["with two receipts exchanged", ofReceipts2(([one, two, ...rest]) => [two, one, ...rest]), "receipts-root"],
    ["with receipts of neither status nor root", ofReceipts2((receipts) => receipts.map(({ status: _gone, ...each }) => each)), "malformed"],
    ["with numbers that are none", ofBlock2((block) => ({ ...block, gasUsed: "many" })), "malformed"],
  ])("%s is refused by name, at that block", async (_what, lie, check) => {
    liar.lie(lie);
    const outcome = await ledger.readSegment(expectation(), OPTIONS);
    expect(outcome).toMatchObject({ kind: "failed", check, height: 2, reason: expect.stringContaining("block 2: ") });
    expect("reason" in outcome && outcome.reason.length).toBeLessThan(400);
  });

  test("with a transaction left out, and its receipt with it, is refused by their root", async () => {
    const less = <T>(list: T[]): T[] => list.slice(1);
    const ofBlock = ofBlock2((block) => ({ ...block, transactions: less(block.transactions) }));
    const ofReceipts = ofReceipts2(less);
    liar.lie((question, reply) => ofReceipts(question, ofBlock(question, reply)));
    expect(await ledger.readSegment(expectation(), OPTIONS)).toMatchObject({ kind: "failed", check: "transactions-root", height: 2 });
  });

  test("with a receipt left out is told how many there should be", async () => {
    liar.lie(ofReceipts2((receipts) => receipts.slice(0, 2)));
    expect(await ledger.readSegment(expectation(), OPTIONS)).toMatchObject({ reason: expect.stringContaining("2 receipts for 3 transactions") });
  });

  test("about which chain it is on is refused by what was signed", async () => {
    expect(await ledger.readSegment({ ...expectation(), chainId: 1 }, OPTIONS)).toMatchObject({ kind: "failed", check: "chain-id" });
  });

  test("in any way that only a root can tell stores nothing in place of the truth", async () => {
    const honestly = await ledger.readSegment(expectation(), OPTIONS);
    liar.lie(ofBlock2((block) => ({ ...block, author: "0x1", size: "0x2", totalDifficulty: "0x3" })));
    const again = await ledger.readSegment(expectation(), OPTIONS);
    if (honestly.kind !== "segment" || again.kind !== "segment") throw new Error("not read");
    expect(hexOf(keccak(again.bytes))).toBe(hexOf(keccak(honestly.bytes)));
  });
});

const blocks = new Map<string, unknown>();
beforeAll(async () => {
  blocks.set("0x3", await node.rpc("eth_getBlockByNumber", ["0x3", true]));
});

describe("a node that cannot", () => {
  test("tell receipts by block is asked for each, once it has said so", async () => {
    const whole = await ledger.readSegment(expectation(), OPTIONS);
    const missing: Lie = ({ id, method }, reply) =>
      method === "eth_getBlockReceipts" ? { id, error: { code: -32_601, message: "the method does not exist" } } : reply;
    liar.lie(missing);
    const [once, twice] = [await ledger.readSegment(expectation(), OPTIONS), await ledger.readSegment(expectation(), OPTIONS)];
    if (whole.kind !== "segment" || once.kind !== "segment" || twice.kind !== "segment") throw new Error("not read");
    expect([once, twice].map(({ bytes }) => hexOf(keccak(bytes)))).toEqual(Array(2).fill(hexOf(keccak(whole.bytes))));
    expect(liar.asked.filter(({ method }) => method === "eth_getBlockReceipts").length).toBe(4);
    expect(liar.asked.filter(({ method }) => method === "eth_getTransactionReceipt").length).toBe(12);
  });

  test("tell receipts any more, of a block that it has, has them absent", async () => {
    liar.lie(ofReceipts2(() => null));
    expect(await ledger.readSegment(expectation(), OPTIONS)).toMatchObject({ kind: "absent", height: 2 });
  });

  test("answer for now is repeated in its own words, and not taken for one without the block", async () => {
    liar.lie(({ id }) => ({ id, error: { code: -32_005, message: "limit\nexceeded" } }));
    expect(await ledger.readSegment(expectation(), OPTIONS)).toMatchObject({
      kind: "erred",
      height: 1,
      reason: expect.stringContaining("limit?exceeded"),
    });
    expect(await ledger.hashesAt([1], OPTIONS)).toMatchObject({ kind: "erred" });
  });

  test("say what is final has nothing final, and its head is not taken for it", async () => {
    liar.lie((question, reply) => (question.params[0] === "finalized" ? { id: question.id, result: null } : reply));
    expect(await ledger.finalBlock(OPTIONS)).toMatchObject({ kind: "absent" });
    liar.lie((question, reply) => (question.params[0] === "finalized" ? { ...reply, result: { number: "0xff", hash: OTHER } } : reply));
    expect(await ledger.finalBlock(OPTIONS)).toMatchObject({ kind: "malformed" });
  });

  test("is asked no more than its pace allows at once, and no less where there is more to ask", async () => {
    for (const concurrency of [1, 3]) {
      liar.lie(async (_question, reply) => new Promise((resolve) => setTimeout(resolve, 30, reply)));
      const read = await ledger.readSegment(expectation(0, LAST), { ...OPTIONS, concurrency });
      expect(read.kind).toBe("segment");
      expect(liar.most()).toBe(concurrency);
    }
  });

  test("answer one request is not waited for in another", async () => {
    const never = Promise.withResolvers<void>();
    liar.lie(async ({ id, params }, reply) => {
      if (params[0] === "0x20") await never.promise;
      return params[0] === "0x2" ? { id, result: null } : reply;
    });
    const startedMs = performance.now();
    expect(await ledger.readSegment(expectation(0, LAST), { ...OPTIONS, concurrency: 6 })).toMatchObject({ kind: "absent", height: 2 });
    expect(performance.now() - startedMs).toBeLessThan(10_000);
    never.resolve();
  });
});
