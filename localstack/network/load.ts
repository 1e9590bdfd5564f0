/**
 * Demand that is really made: small requests to the nodes' RPC through the links of a Region, as clients would send them, at a rate that can be
 * changed while it runs. What a node does not answer is counted, and sent no second time.
 */
import { Agent, request } from "node:http";

const TICK_MS = 50;
const SOCKETS_PER_NODE = 8;
const ANSWER_MS_MAX = 5_000;
/** More under way means that the nodes do not keep up: then no more are sent. */
const UNDER_WAY_MAX = 400;
const ASK = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "eth_chainId", params: [] });

export type Load = {
  /** Requests a second over all nodes, from now on. */
  at(perSecond: number): void;
  /** Sent, answered and unanswered so far. */
  counts(): { readonly sent: number; readonly answered: number; readonly failed: number };
  stop(): void;
};

export function makeLoad(urls: readonly string[]): Load {
  const agent = new Agent({ keepAlive: true, maxSockets: SOCKETS_PER_NODE });
  let perSecond = 0;
  let owed = 0;
  const counts = { sent: 0, answered: 0, failed: 0 };
  let lastMs = performance.now();

  function send(url: string): void {
    counts.sent += 1;
    const fail = (): void => {
      counts.failed += 1;
    };
    const asked = request(url, { method: "POST", agent, timeout: ANSWER_MS_MAX, headers: { "content-type": "application/json" } }, (response) => {
      response.resume();
      response.once("error", fail).once("end", () => {
        counts.answered += 1;
      });
    });
    asked.once("timeout", () => asked.destroy(new Error("no answer in time"))).once("error", fail);
    asked.end(ASK);
  }

  const timer = setInterval(() => {
    const nowMs = performance.now();
    owed = Math.min(perSecond, owed + (perSecond * (nowMs - lastMs)) / 1_000);
    lastMs = nowMs;
    for (; owed >= 1 && counts.sent - counts.answered - counts.failed < UNDER_WAY_MAX; owed -= 1) send(urls[counts.sent % urls.length] ?? "");
  }, TICK_MS);

  return {
    at(rate) {
      perSecond = rate;
    },
    counts: () => ({ ...counts }),
    stop() {
      clearInterval(timer);
      agent.destroy();
    },
  };
}
