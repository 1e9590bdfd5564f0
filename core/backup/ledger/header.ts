/**
 * A block header's bytes, by the fields that are there: before London, London, Shanghai, Cancun, Prague. Each fork added its
 * fields behind the last one's, so a header has the fields of all forks up to its own; any other set is refused by name and
 * never hashed on a guess. The names are JSON-RPC's.
 */
import { EMPTY_BYTES, quantityOf, safeQuantityOf } from "./bytes.ts";
import { EXTRA_DATA_BYTES_MAX } from "./limits.ts";
import { decodeRlp, encodeRlp, isList } from "./rlp.ts";

type Size = number | "quantity" | "extra-data";
export type HeaderField = { readonly name: string; readonly size: Size };

const field = (name: string, size: Size): HeaderField => ({ name, size });
const FRONTIER = [
  field("parentHash", 32),
  field("sha3Uncles", 32),
  field("miner", 20),
  field("stateRoot", 32),
  field("transactionsRoot", 32),
  field("receiptsRoot", 32),
  field("logsBloom", 256),
  field("difficulty", "quantity"),
  field("number", "quantity"),
  field("gasLimit", "quantity"),
  field("gasUsed", "quantity"),
  field("timestamp", "quantity"),
  field("extraData", "extra-data"),
  field("mixHash", 32),
  field("nonce", 8),
];
/** EIP-1559; EIP-4895; EIP-4844 with EIP-4788; EIP-7685. */
const FORKS: readonly (readonly HeaderField[])[] = [
  [field("baseFeePerGas", "quantity")],
  [field("withdrawalsRoot", 32)],
  [field("blobGasUsed", "quantity"), field("excessBlobGas", "quantity"), field("parentBeaconBlockRoot", 32)],
  [field("requestsHash", 32)],
];
export const HEADER_FIELDS: readonly HeaderField[] = [...FRONTIER, ...FORKS.flat()];
/** How many fields a header has, by how many of the forks it knows. */
const WHOLE_COUNTS: ReadonlySet<number> = new Set([0, 1, 2, 3, 4].map((forks) => FRONTIER.length + FORKS.slice(0, forks).flat().length));

/** Field → its bytes; quantities without leading zeros. */
export type HeaderValues = ReadonlyMap<string, Uint8Array>;
export type EncodedHeader = { readonly kind: "encoded"; readonly bytes: Uint8Array } | { readonly kind: "refused"; readonly reason: string };

export function encodeHeader(values: HeaderValues): EncodedHeader {
  const missing = HEADER_FIELDS.findIndex(({ name }) => !values.has(name));
  const count = missing === -1 ? HEADER_FIELDS.length : missing;
  const names = HEADER_FIELDS.map(({ name }) => name);
  const unplaced = [...values.keys()].filter((name) => !names.slice(0, count).includes(name));
  if (unplaced.length > 0) return { kind: "refused", reason: `${unplaced.join(", ")} without ${names[count]}, as no fork known here has it` };
  if (!WHOLE_COUNTS.has(count)) return { kind: "refused", reason: `it has ${count} fields: ${names[count]} is missing` };
  const items = names.slice(0, count).map((name) => values.get(name) ?? EMPTY_BYTES);
  const fault = faultIn(items);
  return fault === null ? { kind: "encoded", bytes: encodeRlp(items) } : { kind: "refused", reason: fault };
}

/** What the checks need of a header. */
export type Header = {
  readonly height: number;
  readonly timestampS: number;
  readonly gasUsed: bigint;
  readonly parentHash: Uint8Array;
  readonly ommersHash: Uint8Array;
  readonly stateRoot: Uint8Array;
  readonly transactionsRoot: Uint8Array;
  readonly receiptsRoot: Uint8Array;
  readonly logsBloom: Uint8Array;
  readonly withdrawalsRoot: Uint8Array | null;
};
export type DecodedHeader = { readonly kind: "header"; readonly header: Header } | { readonly kind: "refused"; readonly reason: string };

export function decodeHeader(bytes: Uint8Array): DecodedHeader {
  const decoded = decodeRlp(bytes);
  if (decoded.kind === "malformed") return { kind: "refused", reason: decoded.reason };
  if (!isList(decoded.item)) return { kind: "refused", reason: "it is not a list" };
  const items = decoded.item.filter((item): item is Uint8Array => !isList(item));
  if (items.length < decoded.item.length) return { kind: "refused", reason: "a field is a list" };
  if (!WHOLE_COUNTS.has(items.length)) return { kind: "refused", reason: `it has ${items.length} fields, which no fork known here has` };
  const fault = faultIn(items);
  if (fault !== null) return { kind: "refused", reason: fault };
  const value = (name: string): Uint8Array => items[HEADER_FIELDS.findIndex((each) => each.name === name)] ?? EMPTY_BYTES;
  const [height, timestampS, gasUsed] = [safeQuantityOf(value("number")), safeQuantityOf(value("timestamp")), quantityOf(value("gasUsed"))];
  if (height === null || timestampS === null || gasUsed === null) return { kind: "refused", reason: "its height or its time is beyond 2^53" };
  const header = {
    height,
    timestampS,
    gasUsed,
    parentHash: value("parentHash"),
    ommersHash: value("sha3Uncles"),
    stateRoot: value("stateRoot"),
    transactionsRoot: value("transactionsRoot"),
    receiptsRoot: value("receiptsRoot"),
    logsBloom: value("logsBloom"),
    withdrawalsRoot: items.length > FRONTIER.length + 1 ? value("withdrawalsRoot") : null,
  };
  return { kind: "header", header };
}

function faultIn(items: readonly Uint8Array[]): string | null {
  const wrong = HEADER_FIELDS.find(({ size }, index) => {
    const bytes = items[index];
    if (bytes === undefined) return false;
    if (size === "quantity") return quantityOf(bytes) === null;
    return size === "extra-data" ? bytes.length > EXTRA_DATA_BYTES_MAX : bytes.length !== size;
  });
  return wrong === undefined ? null : `${wrong.name} is not of the size that it must have`;
}
