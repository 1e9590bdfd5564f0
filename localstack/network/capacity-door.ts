/**
 * Where a webhook's requests come in, on loopback: `POST` with a body of bounded size, answered by a receiver
 * (adapters/capacity-receiver.ts). What is no request of this protocol is refused without a signature and without being looked at.
 */
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { Sealed } from "../../core/kernel/agent-protocol.ts";
import { CAPACITY_BYTES_MAX } from "../../core/kernel/capacity-protocol.ts";
import { LOOPBACK } from "./free-port.ts";

const BODY_MS_MAX = 5_000;

export type CapacityDoor = { readonly url: string; close(): Promise<void> };

/** Port 0 lets the system choose. */
export async function openCapacityDoor(options: { port: number; receive: (body: string) => Promise<Sealed | null> }): Promise<CapacityDoor> {
  const server = createServer({ requestTimeout: BODY_MS_MAX, headersTimeout: BODY_MS_MAX }, (request, response) => {
    void answer(request, response);
  });
  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await readBody(request);
    if (request.method !== "POST" || body === null) return void response.writeHead(400).end();
    const reply = await options.receive(body).catch(() => "failed" as const);
    if (reply === null) return void response.writeHead(400).end();
    if (reply === "failed") return void response.writeHead(503).end();
    response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(reply));
  }
  server.listen(options.port, LOOPBACK);
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the server was opened without an address");
  return {
    url: `http://${LOOPBACK}:${address.port}/v1/capacity`,
    async close() {
      server.close();
      server.closeAllConnections();
      await once(server, "close");
    },
  };
}

/** Null for one that is too long or broke off. */
async function readBody(request: IncomingMessage): Promise<string | null> {
  const parts: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const part of request as AsyncIterable<Buffer>) {
      bytes += part.length;
      if (bytes > CAPACITY_BYTES_MAX) return null;
      parts.push(part);
    }
  } catch {
    return null;
  }
  return Buffer.concat(parts).toString("utf8");
}
