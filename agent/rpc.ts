/**
 * JSON-RPC to the node beside the agent, over loopback: one batch a call, bounded in time and bytes. A call that fails as a
 * whole is one value; an item's own error is another.
 */
import * as z from "zod";
import { httpChannel } from "../adapters/http-channel.ts";

const Item = z.object({ id: z.int(), result: z.unknown().optional(), error: z.object({ code: z.number(), message: z.string() }).optional() });
export type Call = { readonly method: string; readonly params: readonly unknown[] };
export type Outcome = { readonly kind: "result"; readonly result: unknown } | { readonly kind: "error"; readonly message: string };
export type Batch = { readonly kind: "answered"; readonly outcomes: readonly Outcome[] } | { readonly kind: "failed"; readonly reason: string };

export interface NodeRpc {
  batch(calls: readonly Call[], limits: { timeoutMs: number; bytesMax: number }): Promise<Batch>;
}

export function nodeRpc(url: string): NodeRpc {
  const channel = httpChannel(new URL(url));
  return {
    async batch(calls, limits) {
      const body = JSON.stringify(calls.map(({ method, params }, id) => ({ jsonrpc: "2.0", id, method, params })));
      const exchange = await channel.post(body, { ...limits, repeatable: true });
      if (exchange.kind !== "answered") return { kind: "failed", reason: exchange.reason };
      const items = parseItems(exchange.body);
      if (items === undefined) return { kind: "failed", reason: "the node's reply is not a JSON-RPC batch" };
      const byId = new Map(items.map((item) => [item.id, item]));
      return { kind: "answered", outcomes: calls.map((_, id) => outcomeOf(byId.get(id))) };
    },
  };
}

function outcomeOf(item: z.infer<typeof Item> | undefined): Outcome {
  if (item === undefined) return { kind: "error", message: "the node left this call unanswered" };
  return item.error === undefined ? { kind: "result", result: item.result } : { kind: "error", message: item.error.message };
}

function parseItems(text: string): z.infer<typeof Item>[] | undefined {
  try {
    return z.array(Item).safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
