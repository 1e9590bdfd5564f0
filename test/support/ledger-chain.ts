/**
 * Chains of any blocks, made with the ledger's own encoders: good for laws about segments, and no witness to what a real
 * chain looks like. That is anvil's, and the blocks' of public chains.
 */
import fc from "fast-check";
import { encodeWithdrawal, type LedgerBlock } from "../../core/backup/ledger/block.ts";
import { bytesOf, EMPTY_BYTES, hexOf, keccak, quantityBytes } from "../../core/backup/ledger/bytes.ts";
import { encodeHeader } from "../../core/backup/ledger/header.ts";
import { bloomOf, bloomsUnited, encodeReceipt, REVERTED, type Receipt, SUCCEEDED } from "../../core/backup/ledger/receipt.ts";
import { decodeRlp, encodeRlp } from "../../core/backup/ledger/rlp.ts";
import { type EncodedSegment, encodeSegment, type PackedBlock, packBlock } from "../../core/backup/ledger/segment.ts";
import { encodeTransaction, type Transaction } from "../../core/backup/ledger/transaction.ts";
import { orderedTrieRoot } from "../../core/backup/ledger/trie.ts";

export const CHAIN_ID = 31_337;

export const bytes = (size: number): fc.Arbitrary<Uint8Array> => fc.uint8Array({ minLength: size, maxLength: size });
const bits = (count: bigint): fc.Arbitrary<bigint> => fc.bigInt({ min: 0n, max: 2n ** count - 1n });
const data = fc.uint8Array({ maxLength: 90 });

const common = {
  nonce: bits(32n),
  gas: bits(32n),
  to: fc.oneof(bytes(20), fc.constant(EMPTY_BYTES)),
  value: bits(96n),
  input: data,
  r: bits(256n),
  s: bits(256n),
};
const typed = {
  ...common,
  chainId: fc.constant(BigInt(CHAIN_ID)),
  accessList: fc.array(fc.record({ address: bytes(20), storageKeys: fc.array(bytes(32), { maxLength: 2 }) }), { maxLength: 2 }),
  yParity: bits(1n),
};
const fees = { maxPriorityFeePerGas: bits(40n), maxFeePerGas: bits(40n) };
const authorization = fc.record({ chainId: bits(20n), address: bytes(20), nonce: bits(20n), yParity: bits(1n), r: bits(256n), s: bits(256n) });
const legacyV = fc.constantFrom(27n, 28n, BigInt(CHAIN_ID) * 2n + 35n, BigInt(CHAIN_ID) * 2n + 36n);
export const anyTransaction: fc.Arbitrary<Transaction> = fc.oneof(
  fc.record({ type: fc.constant(0 as const), ...common, gasPrice: bits(40n), v: legacyV }),
  fc.record({ type: fc.constant(1 as const), ...typed, gasPrice: bits(40n) }),
  fc.record({ type: fc.constant(2 as const), ...typed, ...fees }),
  fc.record({
    type: fc.constant(3 as const),
    ...typed,
    ...fees,
    maxFeePerBlobGas: bits(40n),
    blobVersionedHashes: fc.array(bytes(32), { maxLength: 2 }),
  }),
  fc.record({ type: fc.constant(4 as const), ...typed, ...fees, authorizationList: fc.array(authorization, { maxLength: 2 }) }),
);
export const anyLogs = fc.array(fc.record({ address: bytes(20), topics: fc.array(bytes(32), { maxLength: 4 }), data }), { maxLength: 3 });

export type Body = {
  readonly transactions: readonly Transaction[];
  readonly receipts: readonly Receipt[];
  readonly withdrawals: readonly Uint8Array[] | null;
  readonly ommers: readonly Uint8Array[];
};
const anyWork = fc.record({
  transaction: anyTransaction,
  outcome: fc.oneof(fc.constantFrom(SUCCEEDED, REVERTED), bytes(32)),
  gas: fc.integer({ min: 21_000, max: 10_000_000 }),
  logs: anyLogs,
});
const anyWithdrawal = fc
  .record({ index: bits(40n), validator: bits(20n), address: bytes(20), amount: bits(40n) })
  .map((each) =>
    encodeWithdrawal({ ...each, index: quantityBytes(each.index), validator: quantityBytes(each.validator), amount: quantityBytes(each.amount) }),
  );
export const anyBody: fc.Arbitrary<Body> = fc
  .record({ work: fc.array(anyWork, { maxLength: 4 }), withdrawals: fc.option(fc.array(anyWithdrawal, { maxLength: 3 })) })
  .map(({ work, withdrawals }) => {
    let cumulativeGas = 0n;
    const receipts = work.map(({ transaction, outcome, gas, logs }) => {
      cumulativeGas += BigInt(gas);
      return { type: transaction.type, outcome, cumulativeGas, logs };
    });
    return { transactions: work.map(({ transaction }) => transaction), receipts, withdrawals, ommers: [] };
  });

/** Each height's own, so that none is taken for another's. */
export const stateRootAt = (height: number): string => hexOf(keccak(quantityBytes(height)));

/** `wrong`: header fields that say something else than the body. */
export function blockOf(height: number, parentHash: Uint8Array, body: Body, wrong: Record<string, Uint8Array> = {}): LedgerBlock {
  const transactions = body.transactions.map(encodeTransaction);
  const blooms = body.receipts.map(({ logs }) => bloomOf(logs));
  const ommers = body.ommers.map((each) => {
    const decoded = decodeRlp(each);
    return decoded.kind === "item" ? decoded.item : [];
  });
  const q = quantityBytes;
  const frontier = {
    parentHash,
    sha3Uncles: keccak(encodeRlp(ommers)),
    miner: new Uint8Array(20).fill(0x42),
    stateRoot: bytesOf(stateRootAt(height)),
    transactionsRoot: orderedTrieRoot(transactions),
    receiptsRoot: orderedTrieRoot(body.receipts.map((receipt) => encodeReceipt(receipt, bloomOf(receipt.logs)))),
    logsBloom: bloomsUnited(blooms),
    difficulty: q(0),
    number: q(height),
    gasLimit: q(300_000_000),
    gasUsed: q(body.receipts.at(-1)?.cumulativeGas ?? 0n),
    timestamp: q(1_700_000_000 + height),
    extraData: EMPTY_BYTES,
    mixHash: new Uint8Array(32),
    nonce: new Uint8Array(8),
    baseFeePerGas: q(7),
  };
  const later =
    body.withdrawals === null
      ? {}
      : {
          withdrawalsRoot: orderedTrieRoot(body.withdrawals),
          blobGasUsed: q(0),
          excessBlobGas: q(0),
          parentBeaconBlockRoot: new Uint8Array(32),
          requestsHash: keccak(q(1)),
        };
  const encoded = encodeHeader(new Map(Object.entries({ ...frontier, ...later, ...wrong })));
  if (encoded.kind === "refused") throw new RangeError(encoded.reason);
  return { header: encoded.bytes, transactions, receipts: body.receipts, withdrawals: body.withdrawals, ommers: body.ommers };
}

export function chainOf(from: number, bodies: readonly Body[], wrong: Record<string, Uint8Array> = {}): LedgerBlock[] {
  const blocks: LedgerBlock[] = [];
  for (const [index, body] of bodies.entries()) {
    const before = blocks.at(-1);
    blocks.push(blockOf(from + index, before ? keccak(before.header) : new Uint8Array(32).fill(7), body, index === bodies.length - 1 ? wrong : {}));
  }
  return blocks;
}

export function packed(from: number, blocks: readonly LedgerBlock[]): PackedBlock[] {
  return blocks.map((block, index) => {
    const one = packBlock(block, from + index);
    if (one.kind === "failed") throw new RangeError(one.reason);
    return one;
  });
}

export function segmentOf(from: number, blocks: readonly LedgerBlock[]): EncodedSegment {
  const encoded = encodeSegment(CHAIN_ID, packed(from, blocks));
  if (encoded.kind === "failed") throw new RangeError(encoded.reason);
  return encoded;
}
