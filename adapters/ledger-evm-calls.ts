/**
 * Batches of questions to one node, and its answers or one reason why there are none. An error that the node itself tells is
 * an answer of another kind than its silence: asked again at once, it would only say the same.
 */
import { batchBody, type Call, type RpcError, readBatch } from "./node-evm-reply.ts";
import { nodeConnection } from "./node-evm-request.ts";

export type LedgerFault = {
  /** `absent`: the node has no such block, or no longer its receipts. `erred`: it answered with an error of its own. */
  readonly kind: "refused" | "silent" | "malformed" | "absent" | "erred";
  readonly height: number | null;
  readonly reason: string;
  /** Asked for less, it may answer. */
  readonly oversize?: true;
};

export type Answers = {
  readonly kind: "answers";
  readonly of: (index: number) => unknown;
  readonly errorOf: (index: number) => RpcError | undefined;
  readonly latencyMs: number;
};

export type AskOptions = { readonly timeoutMs: number; readonly signal?: AbortSignal | undefined };

export interface LedgerCalls {
  /** Each within its time and its bytes, whatever the node does. */
  ask(calls: readonly Call[], options: AskOptions & { readonly bytesMax: number }): Promise<Answers | LedgerFault>;
  /** False from the node's first word that it has no such method. */
  receiptsByBlock: boolean;
  close(): void;
}

export function ledgerCalls(url: string, socketsMax: number): LedgerCalls {
  const connection = nodeConnection(new URL(url), { socketsMax });
  return {
    async ask(calls, { timeoutMs, bytesMax, signal }) {
      const limits = { timeoutMs, bytesMax, ...(signal === undefined ? {} : { signal }) };
      const posted = await connection.post(batchBody(calls), limits);
      if (posted.kind !== "body") return { kind: posted.kind, height: null, reason: posted.reason, ...(posted.oversize ? { oversize: true } : {}) };
      const replies = readBatch(posted.text, calls.length);
      if (replies.kind === "malformed") return { kind: "malformed", height: null, reason: replies.reason };
      return { kind: "answers", of: replies.of, errorOf: replies.errorOf, latencyMs: posted.latencyMs };
    },
    receiptsByBlock: true,
    close: () => connection.close(),
  };
}

export function fault(kind: LedgerFault["kind"], height: number | null, reason: string): LedgerFault {
  return { kind, height, reason: height === null ? reason : `block ${height}: ${reason}` };
}

/** JSON-RPC's own code, and what nodes and gateways say that have another. */
const METHOD_NOT_FOUND = -32_601;
const NOT_FOUND = /method.*(not (found|supported|available|allowed)|does not exist|unknown|unsupported)/i;

export function isMethodMissing({ code, message }: RpcError): boolean {
  return code === METHOD_NOT_FOUND || NOT_FOUND.test(message);
}

export function erred(what: string, height: number | null, { message }: RpcError): LedgerFault {
  return fault("erred", height, `${what}: ${message.slice(0, 160).replace(/[^\x20-\x7e]/g, "?")}`);
}

/** As JSON-RPC wants a height. */
export function hexHeight(height: number): string {
  return `0x${height.toString(16)}`;
}
