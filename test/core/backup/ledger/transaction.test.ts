import fc from "fast-check";
import { serializeTransaction, type TransactionSerializable } from "viem";
import { describe, expect, it } from "vitest";
import { hexOf, quantityBytes } from "../../../../core/backup/ledger/bytes.ts";
import { bloomOf, bloomsUnited, type Receipt, receiptItem, receiptOf } from "../../../../core/backup/ledger/receipt.ts";
import { decodeRlp, encodeRlp } from "../../../../core/backup/ledger/rlp.ts";
import { encodeTransaction, readEnvelope, type Transaction } from "../../../../core/backup/ledger/transaction.ts";
import { anyBody, anyLogs, anyTransaction, CHAIN_ID } from "../../../support/ledger-chain.ts";

/** viem's own form of it; its numbers are small ones, ours are any. */
function viemForm(transaction: Transaction): TransactionSerializable {
  const { nonce, gas, to, value, input } = transaction;
  const common = { nonce: Number(nonce), gas, to: to.length === 0 ? null : (hexOf(to) as `0x${string}`), value, data: hexOf(input) as `0x${string}` };
  if (transaction.type === 0) {
    const { gasPrice, v } = transaction;
    return { ...common, type: "legacy", gasPrice, ...(v >= 35n ? { chainId: CHAIN_ID } : {}) } as TransactionSerializable;
  }
  const hex = (bytes: Uint8Array) => hexOf(bytes) as `0x${string}`;
  const accessList = transaction.accessList.map(({ address, storageKeys }) => ({ address: hex(address), storageKeys: storageKeys.map(hex) }));
  const typed = { ...common, chainId: CHAIN_ID, accessList };
  if (transaction.type === 1) return { ...typed, type: "eip2930", gasPrice: transaction.gasPrice } as TransactionSerializable;
  const { maxFeePerGas, maxPriorityFeePerGas } = transaction;
  const market = { ...typed, maxFeePerGas, maxPriorityFeePerGas };
  if (transaction.type === 2) return { ...market, type: "eip1559" } as TransactionSerializable;
  if (transaction.type === 3) {
    const { maxFeePerBlobGas, blobVersionedHashes } = transaction;
    return { ...market, type: "eip4844", maxFeePerBlobGas, blobVersionedHashes: blobVersionedHashes.map(hex) } as TransactionSerializable;
  }
  const authorizationList = transaction.authorizationList.map((each) => ({
    chainId: Number(each.chainId),
    address: hex(each.address),
    nonce: Number(each.nonce),
    yParity: Number(each.yParity),
    r: `0x${each.r.toString(16).padStart(64, "0")}`,
    s: `0x${each.s.toString(16).padStart(64, "0")}`,
  }));
  return { ...market, type: "eip7702", authorizationList } as TransactionSerializable;
}

/** Only viem has opinions on which fees make sense and on versioned hashes. */
const sensible = (transaction: Transaction): boolean =>
  transaction.r !== 0n &&
  transaction.s !== 0n &&
  (transaction.type < 2 || !("maxFeePerGas" in transaction) || transaction.maxFeePerGas >= transaction.maxPriorityFeePerGas);
const versioned = (transaction: Transaction): Transaction => {
  if (transaction.type !== 3) return transaction;
  const hashes = transaction.blobVersionedHashes.map((hash) => Uint8Array.from([1, ...hash.subarray(1)]));
  return { ...transaction, blobVersionedHashes: hashes.length === 0 ? [Uint8Array.from([1, ...new Uint8Array(31)])] : hashes };
};

describe("a transaction", () => {
  it("of any type has the bytes that viem signs and sends", () => {
    fc.assert(
      fc.property(anyTransaction.filter(sensible).map(versioned), (transaction) => {
        const v = transaction.type === 0 ? transaction.v : 27n + transaction.yParity;
        const yParity = transaction.type === 0 ? Number((v + 1n) % 2n) : Number(transaction.yParity);
        const word = (value: bigint) => `0x${value.toString(16).padStart(64, "0")}` as const;
        const signature = { r: word(transaction.r), s: word(transaction.s), v, yParity };
        expect(hexOf(encodeTransaction(transaction))).toBe(serializeTransaction(viemForm(transaction), signature));
      }),
    );
  });

  it("tells its type and its chain from its bytes", () => {
    fc.assert(
      fc.property(anyTransaction, (transaction) => {
        const bound = transaction.type !== 0 || transaction.v >= 35n;
        const expected = { kind: "envelope", type: transaction.type, chainId: bound ? BigInt(CHAIN_ID) : null };
        expect(readEnvelope(encodeTransaction(transaction))).toEqual(expected);
      }),
    );
  });

  it("of a type that is not known is refused by its number, and any bytes without throwing", () => {
    expect(readEnvelope(Uint8Array.of(0x7e, 0xc0))).toMatchObject({ kind: "unknown-type", reason: expect.stringContaining("0x7e") });
    expect(readEnvelope(Uint8Array.of(0, 0xc0)).kind).toBe("unknown-type");
    fc.assert(fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => ["envelope", "unknown-type", "malformed"].includes(readEnvelope(bytes).kind)));
  });

  it("with a v that no signature has is refused", () => {
    const items = [0, 0, 0, 0, 0, 0, 30, 1, 1].map((value) => quantityBytes(value));
    expect(readEnvelope(encodeRlp(items))).toMatchObject({ kind: "malformed", reason: expect.stringContaining("v is 30") });
  });
});

describe("a receipt", () => {
  it("is read back from its stored form as it was", () => {
    fc.assert(
      fc.property(anyBody, ({ receipts }) => {
        for (const receipt of receipts) expect(receiptOf(throughBytes(receipt))).toEqual(receipt);
      }),
    );
  });

  it("has a bloom that contains the bloom of each of its logs, and nothing where it has none", () => {
    fc.assert(
      fc.property(anyLogs, (logs) => {
        const whole = bloomOf(logs);
        for (const log of logs) expect(bloomsUnited([whole, bloomOf([log])])).toEqual(whole);
        expect(whole.some((byte) => byte !== 0)).toBe(logs.length > 0);
      }),
    );
  });
});

function throughBytes(receipt: Receipt) {
  const decoded = decodeRlp(encodeRlp(receiptItem(receipt)));
  if (decoded.kind === "malformed") throw new RangeError(decoded.reason);
  return decoded.item;
}
