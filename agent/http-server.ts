/**
 * A small HTTP server that takes one kind of request: POST to a known path with a bounded JSON body. Slow and large requests are
 * cut off by limits in time and bytes, numerous ones by `admission.ts`, which says what that does for honest senders and what
 * it cannot do: a refusal costs little, not nothing.
 */
import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from "node:http";
import type { Log } from "../core/kernel/ports.ts";
import type { Admission } from "./admission.ts";

export type Answered = { readonly status: number; readonly body: unknown };
export type Route = {
  readonly path: string;
  readonly bodyBytesMax: number;
  /** A request that it refuses is answered 429. */
  readonly admission: Pick<Admission, "request">;
  readonly answer: (body: unknown, address: string) => Promise<Answered>;
  /** For senders that come seldom and are many: the connection ends with the answer. */
  readonly isOneShot?: boolean;
};
export type ServerOptions = Route & {
  readonly connectionsMax: number;
  /** A connection that it refuses is closed without a word. */
  readonly admission: Admission;
  /** Other paths at the same port. */
  readonly others?: readonly Route[];
  readonly log: Log;
  readonly tls?: { readonly certificate: Buffer; readonly key: Buffer };
};
export type Listening = { readonly port: number; close(): Promise<void> };

/** Above the control plane's own idle time, so that it closes first and never writes into a closing connection. */
const KEEP_ALIVE_MS = 30_000;
/** A whole command is one packet or a few hundred: seconds are generous. A TLS handshake has as long. */
const HEADERS_MS = 5_000;
const REQUEST_MS = 10_000;
/** How often Node looks whether the two above were exceeded. */
const LIMITS_CHECKED_EVERY_MS = 1_000;
const HEADER_BYTES_MAX = 8 * 1024;

/** A taken port is a surprise and rejects: two agents must not share a host's node. */
export async function listen(options: ServerOptions, at: { host: string; port: number }): Promise<Listening> {
  const settings = {
    keepAliveTimeout: KEEP_ALIVE_MS,
    headersTimeout: HEADERS_MS,
    requestTimeout: REQUEST_MS,
    connectionsCheckingInterval: LIMITS_CHECKED_EVERY_MS,
    maxHeaderSize: HEADER_BYTES_MAX,
  };
  const listener: RequestListener = (request, response) => {
    serve(options, request, response).catch((error: unknown) => {
      options.log.warn("a request met a fault of ours", {
        path: options.path,
        error: error instanceof Error ? (error.stack ?? error.message) : String(error),
      });
      send(response, { status: 500, body: { error: "a fault of the agent's; its log says more" } });
    });
  };
  const server = await makeServer(settings, options.tls, listener);
  server.maxConnections = options.connectionsMax;
  server.on("connection", (socket) => {
    const leave = options.admission.connect(socket.remoteAddress ?? "");
    if (leave === null) socket.destroy();
    else socket.once("close", leave);
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(at.port, at.host, () => {
      server.off("error", reject);
      resolve();
    });
  });
  const address = server.address();
  return {
    port: typeof address === "object" && address !== null ? address.port : at.port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function makeServer(settings: object, tls: ServerOptions["tls"], listener: RequestListener): Promise<Server> {
  if (tls === undefined) return createServer(settings, listener);
  const https = await import("node:https");
  return https.createServer({ ...settings, handshakeTimeout: HEADERS_MS, cert: tls.certificate, key: tls.key, minVersion: "TLSv1.3" }, listener);
}

async function serve(options: ServerOptions, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const route = options.others?.find(({ path }) => path === request.url) ?? options;
  // Known here only: the socket of a sender that has gone by the time of the answer has no address any more.
  const address = request.socket.remoteAddress ?? "";
  if (!route.admission.request(address)) return send(response, { status: 429, body: { error: "too many requests" } });
  if (request.method !== "POST" || request.url !== route.path)
    return send(response, { status: 404, body: { error: `only POST ${options.path} is served here` } });
  const text = await readBody(request, route.bodyBytesMax);
  if (text.kind === "too-large") return send(response, { status: 413, body: { error: `a body has ${route.bodyBytesMax} bytes at most` } });
  if (text.kind === "broken-off") return;
  const json = parseJson(text.text);
  if (json.kind === "broken") return send(response, { status: 400, body: { error: "the body is not JSON" } });
  send(response, await route.answer(json.value, address), route.isOneShot === true);
}

type Body = { kind: "read"; text: string } | { kind: "too-large" } | { kind: "broken-off" };

function readBody(request: IncomingMessage, bytesMax: number): Promise<Body> {
  return new Promise((resolve) => {
    const parts: Buffer[] = [];
    let bytes = 0;
    request.on("data", (part: Buffer) => {
      bytes += part.length;
      if (bytes > bytesMax) {
        request.pause();
        return resolve({ kind: "too-large" });
      }
      parts.push(part);
    });
    request.on("end", () => resolve({ kind: "read", text: Buffer.concat(parts).toString("utf8") }));
    request.on("close", () => resolve({ kind: "broken-off" }));
    request.on("error", () => resolve({ kind: "broken-off" }));
  });
}

function parseJson(text: string): { kind: "parsed"; value: unknown } | { kind: "broken" } {
  try {
    return { kind: "parsed", value: JSON.parse(text) };
  } catch {
    return { kind: "broken" };
  }
}

/** Anything but a 200 ends the connection: whoever sent that has nothing more to say that we want. */
function send(response: ServerResponse, { status, body }: Answered, isLast = false): void {
  if (response.headersSent || response.destroyed) return;
  const text = JSON.stringify(body);
  const headers = {
    "content-type": "application/json",
    "content-length": Buffer.byteLength(text),
    ...(status === 200 && !isLast ? {} : { connection: "close" }),
  };
  response.writeHead(status, headers).end(text);
}
