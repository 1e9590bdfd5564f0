/**
 * One block as it is stored: its header, its transactions, its receipts, its withdrawals and its ommers, each as the very
 * bytes that its hash or its root is over (receipts without their bloom). Encoded and decoded without judging what it says;
 * that is `verifyBlock`.
 */
import { EMPTY_BYTES } from "./bytes.ts";
import { BLOCK_BYTES_MAX, BLOCK_TRANSACTIONS_MAX } from "./limits.ts";
import { type Receipt, receiptItem, receiptOf } from "./receipt.ts";
import { decodeRlp, encodeRlp, isList, type RlpItem } from "./rlp.ts";

export type LedgerBlock = {
  readonly header: Uint8Array;
  readonly transactions: readonly Uint8Array[];
  readonly receipts: readonly Receipt[];
  /** Null before Shanghai, when there were none to have. */
  readonly withdrawals: readonly Uint8Array[] | null;
  readonly ommers: readonly Uint8Array[];
};

export type DecodedBlock =
  | { readonly kind: "block"; readonly block: LedgerBlock }
  | { readonly kind: "oversize" | "malformed"; readonly reason: string };

/** EIP-4895: index, validator, address, and Gwei. */
export type Withdrawal = { readonly index: Uint8Array; readonly validator: Uint8Array; readonly address: Uint8Array; readonly amount: Uint8Array };

export function encodeWithdrawal({ index, validator, address, amount }: Withdrawal): Uint8Array {
  return encodeRlp([index, validator, address, amount]);
}

export function encodeBlock({ header, transactions, receipts, withdrawals, ommers }: LedgerBlock): Uint8Array {
  return encodeRlp([header, transactions, receipts.map(receiptItem), withdrawals ?? EMPTY_BYTES, ommers]);
}

/** The parts are views into `bytes`. */
export function decodeBlock(bytes: Uint8Array): DecodedBlock {
  const malformed = (reason: string): DecodedBlock => ({ kind: "malformed", reason });
  if (bytes.length > BLOCK_BYTES_MAX) return { kind: "oversize", reason: `${bytes.length} bytes; a block has at most ${BLOCK_BYTES_MAX}` };
  const decoded = decodeRlp(bytes);
  if (decoded.kind === "malformed") return malformed(decoded.reason);
  if (!isList(decoded.item) || decoded.item.length !== 5) return malformed("a block has five parts");
  const [header, transactions, receipts, withdrawals, ommers] = decoded.item;
  if (header === undefined || isList(header)) return malformed("the header is a list");
  const [envelopes, uncles] = [stringsOf(transactions), stringsOf(ommers)];
  if (envelopes === null || uncles === null) return malformed("the transactions or the ommers are not a list of bytes");
  const drawn = isAbsent(withdrawals) ? null : stringsOf(withdrawals);
  if (drawn === null && !isAbsent(withdrawals)) return malformed("the withdrawals are not a list of bytes");
  if (receipts === undefined || !isList(receipts)) return malformed("the receipts are not a list");
  if (Math.max(envelopes.length, receipts.length) > BLOCK_TRANSACTIONS_MAX) {
    return { kind: "oversize", reason: `more than ${BLOCK_TRANSACTIONS_MAX} transactions or receipts` };
  }
  const read = receipts.map(receiptOf);
  const wrong = read.indexOf(null);
  if (wrong !== -1) return malformed(`receipt ${wrong} is none`);
  const block = { header, transactions: envelopes, receipts: read.filter((receipt) => receipt !== null), withdrawals: drawn, ommers: uncles };
  return { kind: "block", block };
}

function stringsOf(item: RlpItem | undefined): readonly Uint8Array[] | null {
  if (item === undefined || !isList(item)) return null;
  const strings = item.filter((each): each is Uint8Array => !isList(each));
  return strings.length === item.length ? strings : null;
}

function isAbsent(item: RlpItem | undefined): boolean {
  return item !== undefined && !isList(item) && item.length === 0;
}
