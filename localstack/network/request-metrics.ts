/**
 * How many requests passed each link, as a page of metrics such as a node of a client with metrics would serve beside itself: anvil
 * has none. On loopback, for any process of this host: there is nothing in it that a port's own traffic does not tell.
 */
import { once } from "node:events";
import { createServer } from "node:http";
import { LOOPBACK } from "./free-port.ts";
import type { Switchboard } from "./switchboard.ts";

const COUNTER = "rehearsal_requests_total";

/** The counter of all that came to a node's RPC by any link, as an agent's configuration names it. */
export const requestsAt = (node: string): string => `${COUNTER}{to="${node}"}`;

export async function serveRequestMetrics(options: {
  port: number;
  switchboard: Pick<Switchboard, "states">;
}): Promise<{ url: string; close(): Promise<void> }> {
  const server = createServer((request, response) => {
    const known = request.method === "GET" && request.url === "/metrics";
    response.writeHead(known ? 200 : 404, { "content-type": "text/plain; version=0.0.4", connection: "close" });
    response.end(known ? page(options.switchboard.states()) : "there is GET /metrics\n");
  });
  server.listen(options.port, LOOPBACK);
  await once(server, "listening");
  return {
    url: `http://${LOOPBACK}:${options.port}/metrics`,
    async close() {
      server.close();
      server.closeAllConnections();
      await once(server, "close");
    },
  };
}

function page(links: ReturnType<Switchboard["states"]>): string {
  const lines = links.map(({ name, requests }) => {
    const [from = "", to = ""] = name.split(">");
    return `${COUNTER}{from="${from}",to="${to}"} ${requests}`;
  });
  return [`# HELP ${COUNTER} HTTP requests that a link let pass.`, `# TYPE ${COUNTER} counter`, ...lines, ""].join("\n");
}
