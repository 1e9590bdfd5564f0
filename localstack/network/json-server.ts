/** A small server on loopback: JSON in, JSON out, for whoever has the token. */
import { timingSafeEqual } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { LOOPBACK } from "./free-port.ts";

const BODY_BYTES_MAX = 4 * 1024;
const BODY_MS_MAX = 5_000;

export type JsonServer = { readonly url: string; close(): Promise<void> };
export type JsonHandler = (method: string, path: string, body: unknown) => Promise<{ status: number; body: unknown }>;

/** Port 0 lets the system choose. What a handler throws is told to the caller and stops nothing. */
export async function serveJson(options: { port: number; token: string; handle: JsonHandler }): Promise<JsonServer> {
  const server = createServer({ requestTimeout: BODY_MS_MAX, headersTimeout: BODY_MS_MAX }, (request, response) => {
    void answer(request, response);
  });
  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { status, body } = await attempt(request);
    response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
  }
  async function attempt(request: IncomingMessage): Promise<{ status: number; body: unknown }> {
    if (!isAuthorized(request.headers.authorization, options.token))
      return { status: 401, body: { kind: "refused", reason: "the token is wrong or missing" } };
    try {
      return await options.handle(request.method ?? "", request.url ?? "", await readJson(request));
    } catch (error) {
      return { status: 400, body: { kind: "refused", reason: error instanceof Error ? error.message : String(error) } };
    }
  }
  server.listen(options.port, LOOPBACK);
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the server was opened without an address");
  return {
    url: `http://${LOOPBACK}:${address.port}`,
    async close() {
      server.close();
      server.closeAllConnections();
      await once(server, "close");
    },
  };
}

function isAuthorized(header: string | undefined, token: string): boolean {
  const given = Buffer.from(header ?? "");
  const wanted = Buffer.from(`Bearer ${token}`);
  return given.length === wanted.length && timingSafeEqual(given, wanted);
}

async function readJson(request: IncomingMessage): Promise<unknown> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    bytes += part.length;
    if (bytes > BODY_BYTES_MAX) throw new RangeError(`the request has more than ${BODY_BYTES_MAX} bytes`);
    parts.push(part);
  }
  return bytes === 0 ? undefined : JSON.parse(Buffer.concat(parts).toString("utf8"));
}
