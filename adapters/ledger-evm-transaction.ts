/**
 * A node's transactions, by type, to the bytes that were signed. Each is hashed again and compared with the hash that the
 * node gives it: a field that is missing, added or changed makes other bytes, and is seen here by its place in the block.
 */
import * as z from "zod";
import { EMPTY_BYTES, hexOf, keccak } from "../core/backup/ledger/bytes.ts";
import { failed, type LedgerFailure } from "../core/backup/ledger/failure.ts";
import { encodeTransaction, type Transaction } from "../core/backup/ledger/transaction.ts";
import { Hash } from "../core/kernel/ids.ts";
import { Bytes, parse, Quantity, Twenty, Word } from "./ledger-evm-values.ts";

const Common = z.object({
  nonce: Quantity,
  gas: Quantity,
  to: Twenty.nullish().transform((to) => to ?? EMPTY_BYTES),
  value: Quantity,
  input: Bytes,
  r: Quantity,
  s: Quantity,
});
const AccessList = z.array(z.object({ address: Twenty, storageKeys: z.array(Word) }));
const Parity = z.object({ chainId: Quantity, accessList: AccessList, yParity: Quantity.optional(), v: Quantity.optional() });
const FeeMarket = Common.extend({ ...Parity.shape, maxPriorityFeePerGas: Quantity, maxFeePerGas: Quantity });
const Authorizations = z.array(z.object({ chainId: Quantity, address: Twenty, nonce: Quantity, yParity: Quantity, r: Quantity, s: Quantity }));

/** Where `yParity` came into the answers later than the type did, `v` says the same. */
function parity<T extends { yParity?: bigint | undefined; v?: bigint | undefined }>(fields: T, context: z.RefinementCtx): T & { yParity: bigint } {
  const yParity = fields.yParity ?? fields.v;
  if (yParity !== undefined) return { ...fields, yParity };
  context.addIssue({ code: "custom", message: "neither yParity nor v" });
  return z.NEVER;
}

/** Type → its fields. */
const SHAPES: Readonly<Record<number, z.ZodType<Transaction>>> = {
  0: Common.extend({ gasPrice: Quantity, v: Quantity }).transform((fields) => ({ type: 0, ...fields })),
  1: Common.extend({ ...Parity.shape, gasPrice: Quantity }).transform((fields, context) => ({ type: 1, ...parity(fields, context) })),
  2: FeeMarket.transform((fields, context) => ({ type: 2, ...parity(fields, context) })),
  3: FeeMarket.extend({ maxFeePerBlobGas: Quantity, blobVersionedHashes: z.array(Word) }).transform((fields, context) => ({
    type: 3,
    ...parity(fields, context),
  })),
  4: FeeMarket.extend({ authorizationList: Authorizations }).transform((fields, context) => ({ type: 4, ...parity(fields, context) })),
};

/** Nodes from before EIP-2718 give no type. */
const Head = z.object({ hash: Hash, type: Quantity.default(0n) });

export type ReadTransaction = { readonly kind: "transaction"; readonly bytes: Uint8Array; readonly hash: string };

export function readTransaction(value: unknown, height: number, index: number): ReadTransaction | LedgerFailure {
  const what = `transaction ${index}`;
  const head = parse(Head, value, what);
  if (head.kind === "refused") return failed("malformed", height, head.reason);
  const { hash, type } = head.value;
  const shape = SHAPES[Number(type)];
  if (shape === undefined) return failed("transaction-type", height, `${what} is of type 0x${type.toString(16)}, which this version does not know`);
  const fields = parse(shape, value, what);
  if (fields.kind === "refused") return failed("malformed", height, fields.reason);
  const bytes = encodeTransaction(fields.value);
  const found = hexOf(keccak(bytes));
  if (found !== hash) return failed("transaction-hash", height, `${what} hashes to ${found}, the node says ${hash}`);
  return { kind: "transaction", bytes, hash };
}
