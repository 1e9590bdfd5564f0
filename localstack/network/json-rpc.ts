/**
 * JSON-RPC to one node over one kept connection. A reading call has a time limit. A changing call has none but the life
 * of its connection: whoever gave up on it could not know whether a frozen node will still carry it out when it wakes.
 */
import { Agent, request } from "node:http";
import { Permanent, Transient } from "../../core/kernel/errors.ts";
import { LOOPBACK } from "./free-port.ts";

/** Two hundred times what a call takes here: past it, the node is taken as not answering. */
export const READ_MS_MAX = 400;
/** A block full of transactions is below 2 MB; a range of 64 empty ones is 100 kB. */
const REPLY_BYTES_MAX = 64 * 1024 * 1024;

export class NodeUnreachable extends Transient {
  override readonly name = "NodeUnreachable";
  constructor(facts: { port: number; reason: string }) {
    super(`the node on port ${facts.port} did not answer: ${facts.reason}`);
  }
}

export class NodeRefused extends Permanent {
  override readonly name = "NodeRefused";
  constructor(facts: { port: number; method: string; reason: string }) {
    super(`the node on port ${facts.port} refused ${facts.method}: ${facts.reason}`);
  }
}

export type Call = readonly [method: string, params: readonly unknown[]];
export type Reply = { readonly result?: unknown; readonly error?: { readonly message: string } };
export type JsonRpc = {
  readonly port: number;
  /** The calls travel in one request. The node may carry them out side by side: rely on no order between slow ones. */
  batch(calls: readonly Call[], timeoutMs: number | "connection"): Promise<readonly Reply[]>;
  call(method: string, params: readonly unknown[], timeoutMs: number | "connection"): Promise<unknown>;
  close(): void;
};

export function jsonRpc(port: number): JsonRpc {
  const agent = new Agent({ keepAlive: true, maxSockets: 4 });

  async function batch(calls: readonly Call[], timeoutMs: number | "connection"): Promise<readonly Reply[]> {
    const body = JSON.stringify(calls.map(([method, params], id) => ({ jsonrpc: "2.0", id, method, params })));
    const replies = JSON.parse(await post({ port, agent, body, timeoutMs })) as (Reply & { id: number })[];
    return calls.map((_, id) => replies.find((reply) => reply.id === id) ?? { error: { message: "no reply" } });
  }

  async function call(method: string, params: readonly unknown[], timeoutMs: number | "connection"): Promise<unknown> {
    const [reply] = await batch([[method, params]], timeoutMs);
    return resultOf(port, method, reply);
  }

  return { port, batch, call, close: () => agent.destroy() };
}

/** The result, or an error in the node's own words. */
export function resultOf(port: number, method: string, reply: Reply | undefined): unknown {
  if (reply === undefined || reply.error !== undefined) {
    throw new NodeRefused({ port, method, reason: reply?.error?.message ?? "no reply" });
  }
  return reply.result;
}

function post(exchange: { port: number; agent: Agent; body: string; timeoutMs: number | "connection" }): Promise<string> {
  const { port, agent, body, timeoutMs } = exchange;
  return new Promise((resolve, reject) => {
    const headers = { "content-type": "application/json", "content-length": Buffer.byteLength(body) };
    const outgoing = request({ host: LOOPBACK, port, method: "POST", agent, headers }, (incoming) => {
      const parts: Buffer[] = [];
      let bytes = 0;
      incoming.on("data", (part: Buffer) => {
        bytes += part.length;
        parts.push(part);
        if (bytes > REPLY_BYTES_MAX) outgoing.destroy(new Error(`more than ${REPLY_BYTES_MAX} bytes`));
      });
      incoming.on("end", () => {
        clearTimeout(timer);
        resolve(Buffer.concat(parts).toString("utf8"));
      });
      incoming.on("error", failed);
    });
    const timer = timeoutMs === "connection" ? undefined : setTimeout(() => outgoing.destroy(new Error(`nothing within ${timeoutMs} ms`)), timeoutMs);
    outgoing.on("error", failed);
    outgoing.end(body);

    function failed(error: Error): void {
      clearTimeout(timer);
      reject(new NodeUnreachable({ port, reason: error.message }));
    }
  });
}
