/**
 * A node's JSON-RPC replies, parsed once and believed in nothing: each number is a whole one within JavaScript's safe range,
 * each hash is a hash. Batch items may come in any order; an item may be an error; only chain id and head must be there.
 */
import * as z from "zod";
import { Address, Hash } from "../core/kernel/ids.ts";
import type { Block, BlockRef } from "../core/kernel/node.ts";

/** A hexadecimal quantity up to 2^52: a height of 13 digits is no honest chain's. */
const Quantity = z
  .string()
  .regex(/^0x[0-9a-fA-F]{1,13}$/, "not a hexadecimal quantity within range")
  .transform((text) => Number.parseInt(text.slice(2), 16));

const RpcBlock = z.object({ number: Quantity, hash: Hash, parentHash: Hash, timestamp: Quantity, miner: Address });
const RpcRef = z.object({ number: Quantity, hash: Hash });
const Item = z.object({
  id: z.int(),
  result: z.unknown().optional(),
  error: z.object({ code: z.int().optional(), message: z.string() }).optional(),
});

export type Call = { readonly method: string; readonly params: readonly unknown[] };
export type RpcError = { readonly code?: number | undefined; readonly message: string };
export type Replies =
  | { readonly kind: "replies"; readonly of: (index: number) => unknown; readonly errorOf: (index: number) => RpcError | undefined }
  | { readonly kind: "malformed"; readonly reason: string };

/** Ids are places in the batch, so that answers are matched whatever their order. */
export function batchBody(calls: readonly Call[]): string {
  return JSON.stringify(calls.map(({ method, params }, id) => ({ jsonrpc: "2.0", id, method, params })));
}

/** `of` gives an item's result, undefined where the node answered it with an error or not at all. */
export function readBatch(text: string, count: number): Replies {
  const malformed = (reason: string): Replies => ({ kind: "malformed", reason });
  const parsed = parseJson(text);
  if (parsed.kind === "malformed") return parsed;
  if (!Array.isArray(parsed.value)) return malformed(`not a batch of answers but ${excerpt(text)}`);
  if (parsed.value.length > count) return malformed(`${parsed.value.length} answers to ${count} questions`);
  const results = new Map<number, unknown>();
  const errors = new Map<number, RpcError>();
  for (const each of parsed.value) {
    const item = Item.safeParse(each);
    if (!item.success) return malformed(`an item of the batch is not a JSON-RPC answer: ${excerpt(JSON.stringify(each))}`);
    const { id, result } = item.data;
    if (id < 0 || id >= count || results.has(id)) return malformed(`an answer with the id ${id}, which was not asked or was answered before`);
    results.set(id, item.data.error === undefined ? result : undefined);
    if (item.data.error !== undefined) errors.set(id, item.data.error);
  }
  return { kind: "replies", of: (index) => results.get(index), errorOf: (index) => errors.get(index) };
}

function parseJson(text: string): { kind: "json"; value: unknown } | { kind: "malformed"; reason: string } {
  try {
    return { kind: "json", value: JSON.parse(text) };
  } catch {
    return { kind: "malformed", reason: `not JSON: ${excerpt(text)}` };
  }
}

/** Enough to recognise it by, and nothing that could flood a log. */
function excerpt(text: string): string {
  const plain = text.slice(0, 80).replace(/[^\x20-\x7e]/g, "?");
  return text.length === 0 ? "an empty answer" : text.length > 80 ? `${plain}…` : plain;
}

export function readQuantity(result: unknown): number | null {
  const parsed = Quantity.safeParse(result);
  return parsed.success ? parsed.data : null;
}

export function readBlock(result: unknown): Block | null {
  const parsed = RpcBlock.safeParse(result);
  if (!parsed.success) return null;
  const { number: height, hash, parentHash, timestamp: timestampS, miner: signer } = parsed.data;
  return { height, hash, parentHash, timestampS, signer };
}

export function readBlockRef(result: unknown): BlockRef | null {
  const parsed = RpcRef.safeParse(result);
  return parsed.success ? { height: parsed.data.number, hash: parsed.data.hash } : null;
}

/** `false` is "not syncing"; any object is progress; anything else is not known. */
export function readSyncing(result: unknown): boolean | null {
  if (result === false) return false;
  return typeof result === "object" && result !== null ? true : null;
}
