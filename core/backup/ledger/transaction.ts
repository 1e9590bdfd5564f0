/**
 * Transactions as the chain has them: an envelope's bytes (EIP-2718) from the fields that a node tells, for the types 0
 * (with and without EIP-155), 1 (EIP-2930), 2 (EIP-1559), 3 (EIP-4844, without its blobs) and 4 (EIP-7702); and back from
 * the bytes what the checks need. Another type is refused by name.
 */
import { quantityBytes, quantityOf } from "./bytes.ts";
import { decodeRlp, encodeRlp, isList, type RlpItem } from "./rlp.ts";

export type AccessListEntry = { readonly address: Uint8Array; readonly storageKeys: readonly Uint8Array[] };
export type Authorization = {
  readonly chainId: bigint;
  readonly address: Uint8Array;
  readonly nonce: bigint;
  readonly yParity: bigint;
  readonly r: bigint;
  readonly s: bigint;
};

type Common = {
  readonly nonce: bigint;
  readonly gas: bigint;
  /** Empty where a contract is created. */
  readonly to: Uint8Array;
  readonly value: bigint;
  readonly input: Uint8Array;
  readonly r: bigint;
  readonly s: bigint;
};
type Typed = Common & { readonly chainId: bigint; readonly accessList: readonly AccessListEntry[]; readonly yParity: bigint };
type FeeMarket = Typed & { readonly maxPriorityFeePerGas: bigint; readonly maxFeePerGas: bigint };
export type Transaction =
  | (Common & { readonly type: 0; readonly gasPrice: bigint; readonly v: bigint })
  | (Typed & { readonly type: 1; readonly gasPrice: bigint })
  | (FeeMarket & { readonly type: 2 })
  | (FeeMarket & { readonly type: 3; readonly maxFeePerBlobGas: bigint; readonly blobVersionedHashes: readonly Uint8Array[] })
  | (FeeMarket & { readonly type: 4; readonly authorizationList: readonly Authorization[] });

export function encodeTransaction(transaction: Transaction): Uint8Array {
  const items = encodeRlp(itemsOf(transaction));
  return transaction.type === 0 ? items : envelopeOf(transaction.type, items);
}

/** EIP-2718, of transactions and of receipts: the type's byte before the rest. */
export function envelopeOf(type: number, payload: Uint8Array): Uint8Array {
  const envelope = new Uint8Array(payload.length + 1);
  envelope[0] = type;
  envelope.set(payload, 1);
  return envelope;
}

function itemsOf(transaction: Transaction): readonly RlpItem[] {
  const q = quantityBytes;
  const { nonce, gas, to, value, input } = transaction;
  const call = [q(gas), to, q(value), input];
  if (transaction.type === 0) return [q(nonce), q(transaction.gasPrice), ...call, q(transaction.v), q(transaction.r), q(transaction.s)];
  const access = transaction.accessList.map(({ address, storageKeys }) => [address, storageKeys]);
  const signature = [q(transaction.yParity), q(transaction.r), q(transaction.s)];
  const start = [q(transaction.chainId), q(nonce)];
  if (transaction.type === 1) return [...start, q(transaction.gasPrice), ...call, access, ...signature];
  const fees = [q(transaction.maxPriorityFeePerGas), q(transaction.maxFeePerGas)];
  return [...start, ...fees, ...call, access, ...itemsOfType(transaction), ...signature];
}

function itemsOfType(transaction: Extract<Transaction, { type: 2 | 3 | 4 }>): readonly RlpItem[] {
  const q = quantityBytes;
  if (transaction.type === 2) return [];
  if (transaction.type === 3) return [q(transaction.maxFeePerBlobGas), transaction.blobVersionedHashes];
  return [transaction.authorizationList.map((each) => [q(each.chainId), each.address, q(each.nonce), q(each.yParity), q(each.r), q(each.s)])];
}

/** Type → its number of fields. */
const FIELDS: Readonly<Record<number, number>> = { 0: 9, 1: 11, 2: 12, 3: 14, 4: 13 };

export type Envelope =
  /** `chainId`: null for a transaction from before EIP-155, which is valid on every chain. */
  | { readonly kind: "envelope"; readonly type: number; readonly chainId: bigint | null }
  | { readonly kind: "unknown-type" | "malformed"; readonly reason: string };

export function readEnvelope(bytes: Uint8Array): Envelope {
  const malformed = (reason: string): Envelope => ({ kind: "malformed", reason });
  const [first] = bytes;
  if (first === undefined) return malformed("it is empty");
  const type = first >= 0xc0 ? 0 : first;
  const fields = FIELDS[type];
  if (fields === undefined || first === 0) return { kind: "unknown-type", reason: `type 0x${first.toString(16)}, which this version does not know` };
  const decoded = decodeRlp(type === 0 ? bytes : bytes.subarray(1));
  if (decoded.kind === "malformed") return malformed(decoded.reason);
  if (!isList(decoded.item) || decoded.item.length !== fields) return malformed(`type ${type} has ${fields} fields`);
  const named = decoded.item[type === 0 ? 6 : 0];
  const value = named === undefined || isList(named) ? null : quantityOf(named);
  if (value === null) return malformed("its chain id is not a number");
  if (type > 0) return { kind: "envelope", type, chainId: value };
  if (value === 27n || value === 28n) return { kind: "envelope", type, chainId: null };
  return value >= 35n ? { kind: "envelope", type, chainId: (value - 35n) / 2n } : malformed(`its v is ${value}, which no signature has`);
}
