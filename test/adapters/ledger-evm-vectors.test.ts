/**
 * Blocks of public chains, as their nodes tell them: Ethereum's block 2,000,004, Goerli's 8,705,029, and two blocks that geth
 * made for the tests of Ethereum's execution API. They fix what a real chain's bytes are, by hashes that we did not make.
 */
import { describe, expect, test } from "vitest";
import { readBlockBody, readHeader } from "../../adapters/ledger-evm-block.ts";
import { hexOf, keccak } from "../../core/backup/ledger/bytes.ts";
import { readEnvelope } from "../../core/backup/ledger/transaction.ts";
import { orderedTrieRoot } from "../../core/backup/ledger/trie.ts";
import vectors from "../support/ledger-vectors.json" with { type: "json" };

const blockOf = (vector: { number: string }) => {
  const block = readBlockBody(vector, Number(vector.number));
  if (block.kind === "failed") throw new Error(block.reason);
  return block;
};
const { mainnet2000004, goerli8705029, execution2, execution3 } = vectors;

describe("a block of a public chain", () => {
  test.each([
    ["Ethereum's 2,000,004, from before every fork of its format", mainnet2000004, [0, 0, 0, 0]],
    ["of Cancun", execution2, [0, 0, 2, 1]],
    ["of Prague, with a blob's transaction and requests", execution3, [1, 3, 0, 2]],
  ])("%s hashes to what it is known by, and so do its transactions and their root", (_name, vector, types) => {
    const block = blockOf(vector);
    expect(hexOf(keccak(block.header))).toBe(vector.hash);
    expect(block.transactions.map(({ bytes }) => hexOf(keccak(bytes)))).toEqual(vector.transactions.map(({ hash }) => hash));
    expect(hexOf(orderedTrieRoot(block.transactions.map(({ bytes }) => bytes)))).toBe(vector.transactionsRoot);
    expect(block.transactions.map(({ bytes }) => readEnvelope(bytes))).toMatchObject(types.map((type) => ({ kind: "envelope", type })));
  });

  test("with sixteen withdrawals has their root and its own hash", () => {
    const block = blockOf(goerli8705029);
    expect(block.withdrawals?.length).toBe(16);
    expect(hexOf(orderedTrieRoot(block.withdrawals ?? []))).toBe(goerli8705029.withdrawalsRoot);
  });
});

describe("a header with fields that are not known here", () => {
  test("is read where its hash proves that they lie outside it", () => {
    expect(readHeader({ ...execution3, l1BlockNumber: "0x1", author: "0x2" }, 3)).toMatchObject({ kind: "header", hash: execution3.hash });
  });

  test("is refused by their names where its hash does not", () => {
    const amsterdam = { ...execution3, hash: `0x${"11".repeat(32)}`, blockAccessListHash: `0x${"22".repeat(32)}` };
    expect(readHeader(amsterdam, 3)).toMatchObject({
      kind: "failed",
      check: "header-fields",
      reason: expect.stringContaining("blockAccessListHash"),
    });
  });

  test("and with none is a lie where its hash is another", () => {
    expect(readHeader({ ...execution3, hash: `0x${"11".repeat(32)}` }, 3)).toMatchObject({ kind: "failed", check: "header-hash" });
  });
});
