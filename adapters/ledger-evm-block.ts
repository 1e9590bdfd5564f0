/**
 * A node's blocks and receipts, parsed and put into the chain's own bytes. A header is built from the fields known here: if
 * that hashes to what the node says, whatever else the node tells lies outside the header; if not, and there is something
 * else, the header is of a fork or a chain unknown here, and is refused by those fields' names.
 */
import * as z from "zod";
import { encodeWithdrawal } from "../core/backup/ledger/block.ts";
import { hexOf, keccak, quantityBytes } from "../core/backup/ledger/bytes.ts";
import { failed, type LedgerFailure } from "../core/backup/ledger/failure.ts";
import { encodeHeader, HEADER_FIELDS, type HeaderField } from "../core/backup/ledger/header.ts";
import { BLOCK_TRANSACTIONS_MAX } from "../core/backup/ledger/limits.ts";
import { REVERTED, type Receipt, SUCCEEDED } from "../core/backup/ledger/receipt.ts";
import { Hash } from "../core/kernel/ids.ts";
import { readTransaction } from "./ledger-evm-transaction.ts";
import { Bytes, bytesOfSize, parse, Quantity, Twenty, Word } from "./ledger-evm-values.ts";

const Withdrawal = z.object({ index: Quantity, validatorIndex: Quantity, address: Twenty, amount: Quantity });
/** Seven ommers would be a record; the Yellow Paper allows two. */
const OMMERS_MAX = 16;
const Body = z.looseObject({
  number: Quantity,
  transactions: z.array(z.unknown()).max(BLOCK_TRANSACTIONS_MAX).default([]),
  uncles: z.array(Hash).max(OMMERS_MAX).default([]),
  withdrawals: z.array(Withdrawal).max(BLOCK_TRANSACTIONS_MAX).nullish(),
});
/** What nodes tell with a block that is not its header's. */
const BESIDE: ReadonlySet<string> = new Set(["hash", "size", "totalDifficulty", "transactions", "uncles", "withdrawals"]);

const Size = { quantity: Quantity.transform(quantityBytes), "extra-data": Bytes } as const;
const HEADER = HEADER_FIELDS.map((field) => ({ ...field, schema: schemaOf(field) }));

function schemaOf({ size }: HeaderField): z.ZodType<Uint8Array> {
  return typeof size === "number" ? bytesOfSize(size) : Size[size];
}

export type ReadHeader = { readonly kind: "header"; readonly bytes: Uint8Array; readonly hash: string };
export type ReadBlock = {
  readonly kind: "block";
  readonly hash: string;
  readonly header: Uint8Array;
  readonly transactions: readonly { readonly bytes: Uint8Array; readonly hash: string }[];
  readonly withdrawals: readonly Uint8Array[] | null;
  readonly ommers: readonly string[];
};

export function readHeader(value: unknown, height: number): ReadHeader | LedgerFailure {
  const whole = parse(z.looseObject({ hash: Hash }), value, "the header");
  if (whole.kind === "refused") return failed("malformed", height, whole.reason);
  const told = new Map(Object.entries(whole.value).filter(([, each]) => each !== null && each !== undefined));
  const values = new Map<string, Uint8Array>();
  for (const { name, schema } of HEADER) {
    if (!told.has(name)) continue;
    const parsed = parse(schema, told.get(name), name);
    if (parsed.kind === "refused") return failed("malformed", height, parsed.reason);
    values.set(name, parsed.value);
  }
  const encoded = encodeHeader(values);
  if (encoded.kind === "refused") return failed("header-fields", height, encoded.reason);
  const [found, hash] = [hexOf(keccak(encoded.bytes)), whole.value.hash];
  if (found === hash) return { kind: "header", bytes: encoded.bytes, hash };
  const unknown = [...told.keys()].filter((name) => !values.has(name) && !BESIDE.has(name));
  if (unknown.length === 0) return failed("header-hash", height, `its header hashes to ${found}, the node says ${hash}`);
  return failed(
    "header-fields",
    height,
    `it hashes to ${found} without ${unknown.slice(0, 8).join(", ")}, the node says ${hash}: a fork unknown here`,
  );
}

export function readBlockBody(value: unknown, height: number): ReadBlock | LedgerFailure {
  const body = parse(Body, value, "the block");
  if (body.kind === "refused") return failed("malformed", height, body.reason);
  if (body.value.number !== BigInt(height)) return failed("height", height, `the node answers with block ${body.value.number}`);
  const header = readHeader(value, height);
  if (header.kind === "failed") return header;
  const transactions: { bytes: Uint8Array; hash: string }[] = [];
  for (const [index, each] of body.value.transactions.entries()) {
    const transaction = readTransaction(each, height, index);
    if (transaction.kind === "failed") return transaction;
    transactions.push(transaction);
  }
  const { withdrawals, uncles } = body.value;
  const drawn = withdrawals?.map(({ index, validatorIndex, address, amount }) =>
    encodeWithdrawal({ index: quantityBytes(index), validator: quantityBytes(validatorIndex), address, amount: quantityBytes(amount) }),
  );
  return { kind: "block", hash: header.hash, header: header.bytes, transactions, withdrawals: drawn ?? null, ommers: uncles };
}

const LOGS_MAX = 2 ** 19;
const RpcReceipt = z
  .object({
    transactionHash: Hash,
    type: Quantity.default(0n),
    status: z.enum(["0x0", "0x1"]).optional(),
    root: Word.optional(),
    cumulativeGasUsed: Quantity,
    logs: z.array(z.object({ address: Twenty, topics: z.array(Word).max(4), data: Bytes })).max(LOGS_MAX),
  })
  .refine(({ status, root }) => status !== undefined || root !== undefined, "neither a status nor a root");

export type ReadReceipts = { readonly kind: "receipts"; readonly receipts: readonly Receipt[] };

/** One for each transaction, in their order: a node that leaves one out, or swaps two, is named here and not by a root. */
export function readReceipts(values: readonly unknown[], hashes: readonly string[], height: number): ReadReceipts | LedgerFailure {
  if (values.length !== hashes.length) return failed("receipts-root", height, `${values.length} receipts for ${hashes.length} transactions`);
  const receipts: Receipt[] = [];
  for (const [index, value] of values.entries()) {
    const parsed = parse(RpcReceipt, value, `receipt ${index}`);
    if (parsed.kind === "refused") return failed("malformed", height, parsed.reason);
    const { transactionHash, type, status, root, cumulativeGasUsed, logs } = parsed.value;
    if (transactionHash !== hashes[index])
      return failed("receipts-root", height, `receipt ${index} is of transaction ${transactionHash}, not ${hashes[index]}`);
    const outcome = status === "0x1" ? SUCCEEDED : status === "0x0" ? REVERTED : root;
    if (outcome === undefined || type > 0x7fn) return failed("malformed", height, `receipt ${index} is of type ${type}`);
    receipts.push({ type: Number(type), outcome, cumulativeGas: cumulativeGasUsed, logs });
  }
  return { kind: "receipts", receipts };
}
