/** An AWS service's API on loopback, answered by a function, for what the emulator does not have; its answers can be lost or delayed. */
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

export type Asked = { readonly target: string; readonly body: string };
export type Answer = { readonly status: number; readonly body: string };
/** What becomes of an answer that was made: the call has done what it does. */
export type Fate = "told" | "lost";
export type ServiceUnderTest = { readonly endpoint: string; fate(next: (asked: Asked) => Fate): void; close(): Promise<void> };

export async function openService(contentType: string, answer: (asked: Asked) => Answer): Promise<ServiceUnderTest> {
  let fate: (asked: Asked) => Fate = () => "told";
  const server = createServer(async (request, response) => {
    const parts: Buffer[] = [];
    for await (const part of request as AsyncIterable<Buffer>) parts.push(part);
    const asked = { target: String(request.headers["x-amz-target"] ?? "").replace(/^.*\./, ""), body: Buffer.concat(parts).toString("utf8") };
    const { status, body } = answer(asked);
    if (fate(asked) === "lost") return void request.socket.destroy();
    response.writeHead(status, { "content-type": contentType }).end(body);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    fate(next) {
      fate = next;
    },
    async close() {
      server.close();
      server.closeAllConnections();
      await once(server, "close");
    },
  };
}
