import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { LedgerBlock } from "../../../../core/backup/ledger/block.ts";
import { verifyBlock } from "../../../../core/backup/ledger/block-verification.ts";
import { EMPTY_BYTES, hexOf, keccak, quantityBytes } from "../../../../core/backup/ledger/bytes.ts";
import type { LedgerFailure } from "../../../../core/backup/ledger/failure.ts";
import { SUCCEEDED } from "../../../../core/backup/ledger/receipt.ts";
import { orderedTrieRoot } from "../../../../core/backup/ledger/trie.ts";
import { anyBody, type Body, blockOf, CHAIN_ID, stateRootAt } from "../../../support/ledger-chain.ts";

const HEIGHT = 77;
const PARENT = new Uint8Array(32).fill(7);
const log = { address: new Uint8Array(20).fill(1), topics: [new Uint8Array(32).fill(2)], data: Uint8Array.of(3) };
const call = { nonce: 1n, gas: 21_000n, to: new Uint8Array(20).fill(9), value: 1n, input: EMPTY_BYTES, r: 5n, s: 6n };
const legacy = (nonce: bigint, v = BigInt(CHAIN_ID) * 2n + 35n) => ({ ...call, type: 0 as const, nonce, gasPrice: 9n, v });
const BODY: Body = {
  transactions: [legacy(1n), legacy(2n)],
  receipts: [
    { type: 0, outcome: SUCCEEDED, cumulativeGas: 30_000n, logs: [log] },
    { type: 0, outcome: EMPTY_BYTES, cumulativeGas: 60_000n, logs: [] },
  ],
  withdrawals: [Uint8Array.of(0xc0)],
  ommers: [],
};

/** Without a trusted hash the block is measured by its own header alone, so each check is seen by itself. */
const verify = (block: LedgerBlock, chainId = CHAIN_ID) => verifyBlock(block, { chainId, height: HEIGHT, hash: null });
const refusal = (block: LedgerBlock, chainId = CHAIN_ID): LedgerFailure => {
  const outcome = verify(block, chainId);
  if (outcome.kind === "verified") throw new RangeError("verified");
  expect(outcome).toMatchObject({ height: HEIGHT, reason: expect.stringContaining(`block ${HEIGHT}: `) });
  return outcome;
};
const block = (body: Partial<Body> = {}, wrong: Record<string, Uint8Array> = {}): LedgerBlock => blockOf(HEIGHT, PARENT, { ...BODY, ...body }, wrong);

describe("a block", () => {
  it("of any body is verified by its own header, and says whose child it is and which state it leaves", () => {
    fc.assert(
      fc.property(anyBody, (body) => {
        const any = blockOf(HEIGHT, PARENT, body);
        const links = { hash: hexOf(keccak(any.header)), parentHash: hexOf(PARENT) };
        expect(verify(any)).toEqual({ kind: "verified", height: HEIGHT, ...links, stateRoot: stateRootAt(HEIGHT) });
      }),
    );
  });

  it("with another hash than the trusted one is refused before anything it says is read", () => {
    const outcome = verifyBlock(block(), { chainId: CHAIN_ID, height: HEIGHT, hash: `0x${"00".repeat(32)}` });
    expect(outcome).toMatchObject({ kind: "failed", check: "header-hash", height: HEIGHT });
  });

  it("at another height than expected is refused as that", () => {
    expect(verifyBlock(block(), { chainId: CHAIN_ID, height: HEIGHT + 1, hash: null })).toMatchObject({ check: "height", height: HEIGHT + 1 });
  });

  it("with a header that is none is refused", () => {
    expect(refusal({ ...block(), header: Uint8Array.of(0xc0) })).toMatchObject({ check: "header-fields" });
  });

  it("with a transaction more, fewer, or elsewhere is refused by their root", () => {
    const whole = block();
    const [first, second] = whole.transactions;
    if (!first || !second) throw new RangeError("two transactions");
    for (const transactions of [[first], [second, first], [first, second, second]]) {
      expect(refusal({ ...whole, transactions })).toMatchObject({ check: "transactions-root" });
    }
  });

  it("with a transaction of another chain is refused, and one from before EIP-155 is not", () => {
    expect(refusal(block(), 1)).toMatchObject({ check: "chain-id" });
    expect(verify(block({ transactions: [legacy(1n, 27n), legacy(2n, 28n)] })).kind).toBe("verified");
  });

  it("with another outcome, log or gas is refused by the receipts' root", () => {
    const whole = block();
    const [first, second] = whole.receipts;
    if (!first || !second) throw new RangeError("two receipts");
    for (const changed of [
      { ...first, outcome: EMPTY_BYTES },
      { ...first, logs: [] },
      { ...first, cumulativeGas: 1n },
      { ...first, type: 2 },
    ]) {
      expect(refusal({ ...whole, receipts: [changed, second] })).toMatchObject({ check: "receipts-root" });
    }
    expect(refusal({ ...whole, receipts: [first] })).toMatchObject({ check: "receipts-root" });
  });

  it("whose header has another bloom than its logs make is refused", () => {
    expect(refusal(block({}, { logsBloom: new Uint8Array(256) }))).toMatchObject({ check: "bloom" });
  });

  it("whose gas falls from one receipt to the next, or ends above the header's, is refused", () => {
    const receipts = BODY.receipts.toReversed();
    expect(refusal(block({ receipts }, { gasUsed: quantityBytes(90_000) }))).toMatchObject({ check: "cumulative-gas" });
    expect(refusal(block({}, { gasUsed: quantityBytes(59_999) }))).toMatchObject({ check: "cumulative-gas" });
  });

  it("with other withdrawals, or with some where its header has none, is refused", () => {
    const whole = block();
    expect(refusal({ ...whole, withdrawals: [] })).toMatchObject({ check: "withdrawals-root" });
    expect(refusal({ ...whole, withdrawals: null })).toMatchObject({ check: "withdrawals-root" });
    expect(refusal({ ...block({ withdrawals: null }), withdrawals: [] })).toMatchObject({ check: "withdrawals-root" });
  });

  it("with ommers is verified, and without the ones that its header names is refused", () => {
    const ommer = blockOf(HEIGHT - 1, PARENT, { ...BODY, withdrawals: null }).header;
    const nephew = block({ withdrawals: null, ommers: [ommer] });
    expect(verify(nephew).kind).toBe("verified");
    expect(refusal({ ...nephew, ommers: [] })).toMatchObject({ check: "ommers-hash" });
    expect(refusal({ ...nephew, ommers: [Uint8Array.of(0xff)] })).toMatchObject({ check: "ommers-hash" });
  });

  it("with a transaction of a type that is not known is refused by its type", () => {
    const whole = block({ transactions: [] });
    const unknown = Uint8Array.of(0x7e, 0xc0);
    const rooted = {
      ...blockOf(HEIGHT, PARENT, { ...BODY, transactions: [] }, { transactionsRoot: orderedTrieRoot([unknown]) }),
      transactions: [unknown],
    };
    expect(verify(whole).kind).toBe("verified");
    expect(refusal(rooted)).toMatchObject({ check: "transaction-type", reason: expect.stringContaining("0x7e") });
  });
});
