/**
 * One way to one server: POST a body, read a body, within a time for the whole exchange and a limit in bytes. Never throws
 * for what a network does. Over https with a pinned certificate the pin is checked before the first byte is sent, and it is
 * all that is checked; without a pin the usual authorities decide.
 */
import { createHash } from "node:crypto";
import { type ClientRequest, Agent as HttpAgent, request as httpRequest, type IncomingMessage } from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";
import type { Duplex } from "node:stream";
import { connect } from "node:tls";

export type Exchange =
  | { readonly kind: "answered"; readonly body: string }
  | { readonly kind: "unreachable"; readonly reason: string }
  | { readonly kind: "untrusted"; readonly reason: string };

export type PostOptions = { timeoutMs: number; bytesMax: number; repeatable: boolean; signal?: AbortSignal };
export interface Channel {
  post(body: string, options: PostOptions): Promise<Exchange>;
  close(): void;
}

/** A tick's report, a workflow's step and a renewal may be under way at once; more would be a pile-up behind a hung server. */
const SOCKETS_MAX = 8;
/** Below the agent's own idle time (KEEP_ALIVE_MS in agent/http-server.ts), so that it is we who close first. */
const IDLE_MS = 15_000;
/** A request that gave up does not take a half-made TLS connection with it; this does. */
const HANDSHAKE_MS = 5_000;

class PinMismatch extends Error {
  override readonly name = "PinMismatch";
  constructor(facts: { found: string; pinned: string }) {
    super(`the server's certificate has SHA-256 ${facts.found}, pinned is ${facts.pinned}`);
  }
}

export function httpChannel(url: URL, tlsSha256?: string): Channel {
  const settings = { keepAlive: true, maxSockets: SOCKETS_MAX, maxFreeSockets: 2, timeout: IDLE_MS };
  const secure = url.protocol === "https:";
  const agent = secure ? new HttpsAgent(settings) : new HttpAgent(settings);
  if (secure && tlsSha256 !== undefined) pin(agent as HttpsAgent, url, tlsSha256);
  const send = secure ? httpsRequest : httpRequest;

  function attempt(body: string, { timeoutMs, bytesMax, signal }: PostOptions): Promise<Exchange & { staleSocket?: boolean }> {
    return new Promise((resolve) => {
      const headers = { "content-type": "application/json", "content-length": Buffer.byteLength(body), accept: "application/json" };
      const request: ClientRequest = send(url, { method: "POST", agent, headers }, (response) => {
        if (response.statusCode !== 200) {
          request.destroy();
          return end(statusMeaning(response));
        }
        collect(response, bytesMax, (exchange) => {
          if (exchange.kind !== "answered") request.destroy();
          end(exchange);
        });
      });
      const timer = setTimeout(() => stop(`no whole answer within ${timeoutMs} ms`), timeoutMs);
      const aborted = () => stop("the caller gave up");
      signal?.addEventListener("abort", aborted, { once: true });
      // Before anything may destroy the request, which is an error of it too.
      request.on("error", (error: NodeJS.ErrnoException) => {
        const kind = error instanceof PinMismatch ? "untrusted" : "unreachable";
        end({ kind, reason: describe(error), staleSocket: request.reusedSocket && error.code === "ECONNRESET" });
      });
      if (signal?.aborted) return stop("the caller gave up");
      request.end(body);

      function stop(reason: string): void {
        end({ kind: "unreachable", reason });
        request.destroy();
      }
      function end(exchange: Exchange & { staleSocket?: boolean }): void {
        clearTimeout(timer);
        signal?.removeEventListener("abort", aborted);
        resolve(exchange);
      }
    });
  }

  return {
    async post(body, options) {
      const startedMs = performance.now();
      const first = await attempt(body, options);
      const leftMs = options.timeoutMs - (performance.now() - startedMs);
      // The server had closed an idle connection just as we used it: nothing was read, and the request changes nothing.
      const { staleSocket, ...exchange } =
        first.staleSocket && options.repeatable && leftMs > 0 ? await attempt(body, { ...options, timeoutMs: leftMs }) : first;
      return exchange;
    },
    close: () => agent.destroy(),
  };
}

function collect(response: IncomingMessage, bytesMax: number, done: (exchange: Exchange) => void): void {
  const parts: Buffer[] = [];
  let bytes = 0;
  response.on("data", (part: Buffer) => {
    bytes += part.length;
    if (bytes > bytesMax) return done({ kind: "untrusted", reason: `the answer has more than ${bytesMax} bytes` });
    parts.push(part);
  });
  response.on("end", () => done({ kind: "answered", body: Buffer.concat(parts).toString("utf8") }));
  response.on("error", (error) => done({ kind: "unreachable", reason: `the answer broke off: ${describe(error)}` }));
}

function statusMeaning(response: IncomingMessage): Exchange {
  const status = response.statusCode ?? 0;
  if (status === 429 || status === 503) return { kind: "unreachable", reason: `the server is overloaded (HTTP ${status})` };
  if (status >= 300 && status < 400) return { kind: "untrusted", reason: `HTTP ${status}: redirects are not followed` };
  return { kind: "untrusted", reason: `HTTP ${status}: not an answer that was asked for` };
}

function describe(error: NodeJS.ErrnoException): string {
  return error.message === "" ? (error.code ?? error.name) : error.message;
}

/** Hands a connection out only after its certificate has been compared. TLS 1.3, no resumption: the certificate is always shown. */
function pin(agent: HttpsAgent, url: URL, tlsSha256: string): void {
  agent.createConnection = (_options, done) => {
    const host = url.hostname.replace(/^\[|\]$/g, "");
    const socket = connect({ host, port: Number(url.port || 443), rejectUnauthorized: false, minVersion: "TLSv1.3" });
    socket.setTimeout(HANDSHAKE_MS, () => socket.destroy(new Error(`no TLS handshake within ${HANDSHAKE_MS} ms`)));
    socket.once("secureConnect", () => {
      socket.setTimeout(0);
      const found = createHash("sha256").update(socket.getPeerCertificate().raw).digest("hex");
      socket.off("error", failed);
      if (found === tlsSha256) return done?.(null, socket);
      socket.destroy();
      failed(new PinMismatch({ found, pinned: tlsSha256 }));
    });
    socket.once("error", failed);
    function failed(error: Error): void {
      // Node's types want a stream beside the error; at run time the error alone is read.
      done?.(error, undefined as unknown as Duplex);
    }
    return undefined as unknown as Duplex;
  };
}
