/** The ledger of a real client: every block of it, of every type of transaction, cut and verified. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { evmLedger } from "../../adapters/ledger-evm.ts";
import { decodeBlock } from "../../core/backup/ledger/block.ts";
import { hexOf, keccak } from "../../core/backup/ledger/bytes.ts";
import { chainSegments } from "../../core/backup/ledger/chain.ts";
import { planSegments } from "../../core/backup/ledger/plan.ts";
import { compareWithSecond } from "../../core/backup/ledger/second-node.ts";
import { decodeSegment, type SegmentSpan } from "../../core/backup/ledger/segment.ts";
import { verifySegment } from "../../core/backup/ledger/segment-verification.ts";
import { readEnvelope } from "../../core/backup/ledger/transaction.ts";
import { addBlob, CHAIN_ID, CROWD, type LedgerNode, populate, startLedgerNode } from "../support/ledger-node.ts";

/** Generous: the machine is shared. */
const OPTIONS = { timeoutMs: 20_000, concurrency: 4 };
/** The populated chain: genesis and six blocks. */
const LAST = 6;
const expectation = (from: number, to: number, hashes = {}) => ({ chainId: CHAIN_ID, from, to, firstParentHash: null, lastHash: null, ...hashes });

let node: LedgerNode;
let ledger: ReturnType<typeof evmLedger>;
beforeAll(async () => {
  node = await startLedgerNode();
  await populate(node);
  ledger = evmLedger({ url: node.url, finality: { kind: "depth", blocks: 0 } });
});
afterAll(async () => {
  ledger?.close();
  await node?.close();
});

async function read(from: number, to: number, hashes = {}) {
  const segment = await ledger.readSegment(expectation(from, to, hashes), OPTIONS);
  if (segment.kind !== "segment") throw new Error(segment.reason);
  return segment;
}
function blocksOf(bytes: Uint8Array) {
  const segment = decodeSegment(bytes);
  if (segment.kind === "failed") throw new Error(segment.reason);
  return segment.blocks.map((each) => {
    const decoded = decodeBlock(each);
    if (decoded.kind !== "block") throw new Error(decoded.reason);
    return decoded.block;
  });
}
type RpcBlock = { hash: string; parentHash: string; transactions: string[] };
const told = async (height: number) => (await node.rpc("eth_getBlockByNumber", [`0x${height.toString(16)}`, false])) as RpcBlock;

describe("the ledger of a real client", () => {
  test("has in each block the header and the transactions that hash to what the client says", async () => {
    const { bytes, verified } = await read(0, LAST);
    const blocks = blocksOf(bytes);
    expect(blocks.length).toBe(LAST + 1);
    for (const [height, block] of blocks.entries()) {
      const theirs = await told(height);
      expect(hexOf(keccak(block.header))).toBe(theirs.hash);
      expect(block.transactions.map((each) => hexOf(keccak(each)))).toEqual(theirs.transactions);
    }
    expect(verified).toMatchObject({ blocks: LAST + 1, span: { from: 0, to: LAST, lastHash: (await told(LAST)).hash } });
  });

  test("holds the types 0, 1, 2 and 4, contracts made, logs, failures, an empty block and a crowd", async () => {
    const blocks = blocksOf((await read(0, LAST)).bytes);
    const envelopes = blocks.flatMap(({ transactions }) => transactions.map(readEnvelope));
    const types = new Set(envelopes.map((each) => (each.kind === "envelope" ? each.type : each.reason)));
    expect([...types].toSorted()).toEqual([0, 1, 2, 4]);
    const unbound = envelopes.filter((each) => each.kind === "envelope" && each.chainId === null);
    expect(unbound.length).toBe(1);
    expect(blocks.map(({ transactions }) => transactions.length)).toEqual([0, 2, 3, 1, 0, CROWD, 0]);
    const receipts = blocks.flatMap((block) => block.receipts);
    expect(receipts.filter(({ outcome }) => outcome.length === 0).length).toBe(1);
    expect(receipts.flatMap(({ logs }) => logs).length).toBeGreaterThan(CROWD / 7);
  });

  test("is the same bytes however many requests read it, and whichever blocks they hold", async () => {
    const whole = await read(0, LAST);
    const crowd = [await node.rpc("eth_getBlockByNumber", ["0x5", true]), await node.rpc("eth_getBlockReceipts", ["0x5"])];
    // Room for the largest block and not for all of them in one answer.
    const largestBytes = JSON.stringify(crowd).length + 1_000;
    for (const concurrency of [1, 16]) {
      for (const answerBytesMax of [largestBytes, 32 * 1024 * 1024]) {
        const again = await ledger.readSegment(expectation(0, LAST), { ...OPTIONS, concurrency, answerBytesMax });
        expect(again.kind === "segment" ? hexOf(keccak(again.bytes)) : again.reason).toBe(hexOf(keccak(whole.bytes)));
      }
    }
    expect(await ledger.readSegment(expectation(5, 5), { ...OPTIONS, answerBytesMax: 9_000 })).toMatchObject({ kind: "malformed", height: 5 });
  });

  test("in segments as planned is one chain, each verified with the hashes that the others give it", async () => {
    const stored: SegmentSpan[] = [];
    const plan = planSegments({ from: 0, finalized: LAST, blocksPerSegment: 3, stored });
    if (plan.kind !== "plan") throw new Error(plan.reason);
    expect(plan.segments).toEqual([
      { from: 0, to: 2 },
      { from: 3, to: 5 },
      { from: 6, to: 6 },
    ]);
    for (const { from, to } of plan.segments) {
      const before = stored.at(-1);
      const hashes = { lastHash: (await told(to)).hash, ...(before ? { firstParentHash: before.lastHash } : {}) };
      const { bytes, verified } = await read(from, to, hashes);
      expect(verifySegment(bytes, { ...expectation(from, to), ...verified.span }).kind).toBe("verified");
      stored.push(verified.span);
    }
    expect(chainSegments(stored)).toMatchObject({ kind: "chained", span: { from: 0, to: LAST } });
  });

  test("names its final block, and agrees with itself at any sample of heights", async () => {
    const final = await ledger.finalBlock(OPTIONS);
    if (final.kind !== "final") throw new Error(final.reason);
    expect(final).toMatchObject({ chainId: CHAIN_ID, head: { height: LAST }, finalized: { height: LAST, hash: (await told(LAST)).hash } });
    const second = await ledger.hashesAt([0, 3, LAST, 400], OPTIONS);
    if (second.kind !== "hashes") throw new Error(second.reason);
    expect([...second.hashes.keys()]).toEqual([0, 3, LAST]);
    const compared = await Promise.all([0, 3, LAST].map(async (height) => ({ height, hash: (await told(height)).hash })));
    expect(compareWithSecond(compared, second.hashes)).toMatchObject({ kind: "agree", heights: 3 });
  });

  test("that goes back on a block which was read is refused by the hash that was expected", async () => {
    const expected = expectation(2, LAST, { lastHash: `0x${"12".repeat(32)}` });
    expect(await ledger.readSegment(expected, OPTIONS)).toMatchObject({ kind: "failed", check: "header-hash", height: LAST });
    expect(await ledger.readSegment(expectation(2, LAST, { firstParentHash: `0x${"12".repeat(32)}` }), OPTIONS)).toMatchObject({
      check: "parent-link",
      height: 2,
    });
  });

  test("ends where the node ends: blocks that it does not have yet are absent by their height", async () => {
    expect(await ledger.readSegment(expectation(8, 12), OPTIONS)).toMatchObject({ kind: "absent", height: 8 });
  });

  test("is not read backwards, nor in more blocks than a segment has", async () => {
    await expect(ledger.readSegment(expectation(5, 4), OPTIONS)).rejects.toThrow("blocks 5 to 4");
    await expect(ledger.readSegment(expectation(0, 9_000), OPTIONS)).rejects.toThrow("8192");
  });

  /** anvil 1.7 makes a block's root over its transactions with their blobs, which no chain keeps; geth's own block with a blob is among the vectors. */
  test("with blobs kept inside its blocks is refused by their root, not stored as what it is not", async () => {
    await addBlob(node);
    expect(await ledger.readSegment(expectation(7, 7), OPTIONS)).toMatchObject({ kind: "failed", check: "transactions-root", height: 7 });
  });
});
