/**
 * One JSON body posted to one node, and what came back: within a time for the whole exchange (a slow drip included) and a
 * limit in bytes. Tells apart who is absent (`refused`: nothing listens), who says nothing (`silent`) and who says what no
 * honest node says (`malformed`). Never throws for what a network does. Each node has connections of its own.
 */
import { type ClientRequest, Agent as HttpAgent, request as httpRequest, type IncomingMessage } from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";

export type Posted =
  | { readonly kind: "body"; readonly text: string; readonly latencyMs: number }
  | {
      readonly kind: "refused" | "silent" | "malformed";
      readonly reason: string;
      readonly latencyMs: number;
      /** Malformed for its size alone: asked for less, it may fit. */
      readonly oversize?: true;
    };

export type PostLimits = { readonly timeoutMs: number; readonly bytesMax: number; readonly signal?: AbortSignal };

export interface NodeConnection {
  post(body: string, limits: PostLimits): Promise<Posted>;
  close(): void;
}

/** A probe and its repetition; a third would only queue behind a node that hangs. */
const SOCKETS_MAX = 2;
/** Longer than the slowest cadence, so that probes keep their connection. */
const IDLE_MS = 30_000;
/** A connection that breaks this soon, before any byte, was broken by whoever answers for the address; later, it is anybody's guess. */
const AT_ONCE_MS = 500;
/** Gateways speak like this for a node that does not answer them, and overloaded nodes for themselves. */
const ABSENT_STATUS: ReadonlySet<number> = new Set([429, 502, 503, 504]);
const REFUSING_CODES: ReadonlySet<string> = new Set(["ECONNREFUSED"]);
const BROKEN_CODES: ReadonlySet<string> = new Set(["ECONNRESET", "EPIPE"]);

type Attempt = Posted & { readonly staleConnection?: boolean };

export function nodeConnection(url: URL, { socketsMax = SOCKETS_MAX }: { socketsMax?: number } = {}): NodeConnection {
  const secure = url.protocol === "https:";
  const settings = { keepAlive: true, maxSockets: socketsMax, maxFreeSockets: 1, timeout: IDLE_MS };
  const agent = secure ? new HttpsAgent(settings) : new HttpAgent(settings);
  const send = secure ? httpsRequest : httpRequest;

  function attempt(body: string, { timeoutMs, bytesMax, signal }: PostLimits): Promise<Attempt> {
    const startedMs = performance.now();
    return new Promise((resolve) => {
      let received = false;
      let settled = false;
      const headers = { "content-type": "application/json", "content-length": Buffer.byteLength(body), accept: "application/json" };
      const request: ClientRequest = send(url, { method: "POST", agent, headers }, (response) => {
        received = true;
        const wrong = headFault(response);
        if (wrong) return stop(wrong.kind, wrong.reason);
        collect(response, bytesMax, {
          done: (text) => settle({ kind: "body", text }),
          fail: stop,
          tooLarge: () => stop("malformed", `the answer has more than ${bytesMax} bytes`, { oversize: true }),
        });
      });
      const timer = setTimeout(
        () => stop("silent", received ? `the answer was not whole within ${timeoutMs} ms` : `no answer within ${timeoutMs} ms`),
        timeoutMs,
      );
      const aborted = () => stop("silent", "the prober gave up");
      request.on("error", (error: NodeJS.ErrnoException) => {
        const stale = request.reusedSocket && !received && BROKEN_CODES.has(error.code ?? "");
        settle({ ...meaningOf(error, received, performance.now() - startedMs), ...(stale ? { staleConnection: true } : {}) });
      });
      signal?.addEventListener("abort", aborted, { once: true });
      if (signal?.aborted) return aborted();
      request.end(body);

      function stop(kind: "silent" | "malformed", reason: string, more: { oversize?: true } = {}): void {
        settle({ kind, reason, ...more });
        request.destroy();
      }
      type Outcome =
        | { kind: "body"; text: string }
        | { kind: "refused" | "silent" | "malformed"; reason: string; staleConnection?: boolean; oversize?: true };
      function settle(outcome: Outcome): void {
        if (settled) return;
        settled = true;
        clearTimeout(timer);
        signal?.removeEventListener("abort", aborted);
        resolve({ ...outcome, latencyMs: performance.now() - startedMs });
      }
    });
  }

  return {
    async post(body, limits) {
      const startedMs = performance.now();
      const first = await attempt(body, limits);
      if (!first.staleConnection) return first;
      // The node closed an idle connection just as it was used: that says nothing about the node. Ask once more, anew.
      const leftMs = limits.timeoutMs - (performance.now() - startedMs);
      const { staleConnection: _stale, ...second } = await attempt(body, { ...limits, timeoutMs: Math.max(1, leftMs) });
      return second;
    },
    close: () => agent.destroy(),
  };
}

function meaningOf(error: NodeJS.ErrnoException, received: boolean, elapsedMs: number): { kind: "refused" | "silent" | "malformed"; reason: string } {
  const code = error.code ?? "";
  const reason = error.message === "" ? code || error.name : error.message;
  if (code.startsWith("HPE_")) return { kind: "malformed", reason: `not HTTP: ${reason}` };
  if (REFUSING_CODES.has(code)) return { kind: "refused", reason };
  if (BROKEN_CODES.has(code) && !received && elapsedMs < AT_ONCE_MS)
    return { kind: "refused", reason: `the connection was broken at once: ${reason}` };
  return { kind: "silent", reason };
}

function headFault(response: IncomingMessage): { kind: "silent" | "malformed"; reason: string } | null {
  const status = response.statusCode ?? 0;
  if (ABSENT_STATUS.has(status)) return { kind: "silent", reason: `HTTP ${status}: something in between, or an overload, answers for the node` };
  if (status >= 300 && status < 400) return { kind: "malformed", reason: `HTTP ${status}: a redirect, which is not followed` };
  if (status !== 200) return { kind: "malformed", reason: `HTTP ${status}` };
  const encoding = response.headers["content-encoding"];
  // Nothing compressed was asked for; unpacking it could cost any amount of memory.
  if (encoding !== undefined && encoding !== "identity")
    return { kind: "malformed", reason: `the answer is compressed (${encoding}), which was not asked for` };
  return null;
}

type Collecting = { done: (text: string) => void; fail: (kind: "silent", reason: string) => void; tooLarge: () => void };

function collect(response: IncomingMessage, bytesMax: number, { done, fail, tooLarge }: Collecting): void {
  const parts: Buffer[] = [];
  let bytes = 0;
  response.on("data", (part: Buffer) => {
    bytes += part.length;
    if (bytes > bytesMax) return tooLarge();
    parts.push(part);
  });
  response.on("end", () => done(Buffer.concat(parts).toString("utf8")));
  response.on("error", (error) => fail("silent", `the answer broke off: ${error.message}`));
}
