/**
 * Receipts: what a transaction left behind. The chain's form, over which the receipts' root is made, carries a bloom filter
 * that follows from the logs; the stored form leaves it out and it is computed again, as clients do among themselves since
 * EIP-7642. What is not stored cannot be stored wrong.
 */
import { EMPTY_BYTES, keccak, quantityBytes, quantityOf } from "./bytes.ts";
import { encodeRlp, isList, type RlpItem } from "./rlp.ts";
import { envelopeOf } from "./transaction.ts";

export type Log = { readonly address: Uint8Array; readonly topics: readonly Uint8Array[]; readonly data: Uint8Array };
export type Receipt = {
  readonly type: number;
  /** Since Byzantium whether it succeeded (EIP-658): 1 or nothing. Before, the state's root after it. */
  readonly outcome: Uint8Array;
  /** Of this transaction and of all before it in the block. */
  readonly cumulativeGas: bigint;
  readonly logs: readonly Log[];
};

const BLOOM_BYTES = 256;
const ADDRESS_BYTES = 20;
const WORD_BYTES = 32;
/** LOG4 is the last of its kind. */
const TOPICS_MAX = 4;
/** Typed envelopes start with a byte below RLP's; receipts are as their transactions. */
const TYPE_MAX = 0x7f;

export const SUCCEEDED: Uint8Array = Uint8Array.of(1);
export const REVERTED: Uint8Array = EMPTY_BYTES;

/** M(O), Yellow Paper, section 4.3.1: of each address and topic three bits, by the first three pairs of its hash's bytes. */
export function bloomOf(logs: readonly Log[]): Uint8Array {
  const bloom = new Uint8Array(BLOOM_BYTES);
  for (const { address, topics } of logs) {
    for (const entry of [address, ...topics]) {
      const hash = keccak(entry);
      for (let pair = 0; pair < 6; pair += 2) {
        const bit = (((hash[pair] ?? 0) << 8) | (hash[pair + 1] ?? 0)) & 0x7ff;
        const at = BLOOM_BYTES - 1 - (bit >> 3);
        bloom[at] = (bloom[at] ?? 0) | (1 << (bit & 7));
      }
    }
  }
  return bloom;
}

/** The block's own bloom is its receipts' together. */
export function bloomsUnited(blooms: readonly Uint8Array[]): Uint8Array {
  const united = new Uint8Array(BLOOM_BYTES);
  for (const bloom of blooms) for (const [at, byte] of bloom.entries()) united[at] = (united[at] ?? 0) | byte;
  return united;
}

/** As the receipts' trie has it. */
export function encodeReceipt({ type, outcome, cumulativeGas, logs }: Receipt, bloom: Uint8Array): Uint8Array {
  const items = encodeRlp([outcome, quantityBytes(cumulativeGas), bloom, logs.map(logItem)]);
  return type === 0 ? items : envelopeOf(type, items);
}

/** As a segment has it. */
export function receiptItem({ type, outcome, cumulativeGas, logs }: Receipt): RlpItem {
  return [quantityBytes(type), outcome, quantityBytes(cumulativeGas), logs.map(logItem)];
}

function logItem({ address, topics, data }: Log): RlpItem {
  return [address, topics, data];
}

/** Null where it is no receipt. */
export function receiptOf(item: RlpItem): Receipt | null {
  if (!isList(item) || item.length !== 4) return null;
  const [type, outcome, gas, logs] = item;
  if (!isBytes(type) || !isBytes(outcome) || !isBytes(gas) || logs === undefined || !isList(logs)) return null;
  const [typeNumber, cumulativeGas] = [quantityOf(type, 1), quantityOf(gas, 8)];
  if (typeNumber === null || typeNumber > TYPE_MAX || cumulativeGas === null || !isOutcome(outcome)) return null;
  const read = logs.map(logOf);
  return read.includes(null) ? null : { type: Number(typeNumber), outcome, cumulativeGas, logs: read.filter((log) => log !== null) };
}

function logOf(item: RlpItem): Log | null {
  if (!isList(item) || item.length !== 3) return null;
  const [address, topics, data] = item;
  if (!isBytes(address) || address.length !== ADDRESS_BYTES || topics === undefined || !isList(topics) || !isBytes(data)) return null;
  const words = topics.filter((topic): topic is Uint8Array => isBytes(topic) && topic.length === WORD_BYTES);
  return words.length === topics.length && words.length <= TOPICS_MAX ? { address, topics: words, data } : null;
}

function isOutcome(bytes: Uint8Array): boolean {
  return bytes.length === 0 || bytes.length === WORD_BYTES || (bytes.length === 1 && bytes[0] === 1);
}

function isBytes(item: RlpItem | undefined): item is Uint8Array {
  return item !== undefined && !isList(item);
}
