/**
 * A server that answers each request the way a test says: a faithful node, or any of the ways in which a node, a proxy or an
 * attacker can answer badly. On loopback, on a port of its own; `close` takes every open connection with it.
 */
import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { gzipSync } from "node:zlib";

export type Manner =
  | "honest"
  | "shuffled"
  | "no-finalized"
  | "hangs"
  | "drips"
  | "giant-body"
  | "endless-body"
  | "giant-header"
  | "half-json"
  | "wrong-id"
  | "same-id-twice"
  | "too-many-answers"
  | "redirects"
  | "garbage-types"
  | "negative-numbers"
  | "huge-numbers"
  | "not-a-batch"
  | "empty"
  | "resets"
  | "closes"
  | "breaks-off"
  | "gzip-bomb"
  | "not-http"
  | "overloaded"
  | "wrong-height"
  | "finalized-above-head";

const HASH = `0x${"ab".repeat(32)}`;
const block = (number: string) => ({
  number,
  hash: HASH,
  parentHash: HASH,
  timestamp: "0x64",
  miner: `0x${"11".repeat(20)}`,
});

type Question = { id: number; method: string; params: [string?] };
type Reply = { id: number; result?: unknown; error?: { code: number; message: string } };

function honest({ id, method, params }: Question): Reply {
  const tag = params[0] ?? "";
  if (method === "eth_chainId") return { id, result: "0x7a69" };
  if (method === "net_peerCount") return { id, result: "0x3" };
  if (method === "eth_syncing") return { id, result: false };
  return { id, result: block(tag === "latest" ? "0x10" : tag === "finalized" ? "0x4" : tag) };
}

export type MisbehavingServer = {
  readonly url: string;
  behave(manner: Manner): void;
  /** Requests seen so far, as method names. */
  readonly asked: string[][];
  openConnections(): number;
  close(): Promise<void>;
};

export async function startMisbehavingServer(): Promise<MisbehavingServer> {
  let manner: Manner = "honest";
  const asked: string[][] = [];
  const sockets = new Set<Socket>();
  const timers = new Set<NodeJS.Timeout>();
  const server = createHttpServer((request, response) => {
    void readAll(request).then((text) => {
      const questions = JSON.parse(text) as Question[];
      asked.push(questions.map(({ method, params }) => `${method} ${params[0] ?? ""}`.trim()));
      answer(manner, questions, response, timers);
    });
  });
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.on("error", () => socket.destroy());
    socket.on("close", () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    behave: (next) => {
      manner = next;
    },
    openConnections: () => sockets.size,
    close: () =>
      new Promise((resolve) => {
        for (const timer of timers) clearInterval(timer);
        for (const socket of sockets) socket.destroy();
        server.close(() => resolve());
      }),
  };
}

function answer(manner: Manner, questions: readonly Question[], response: ServerResponse, timers: Set<NodeJS.Timeout>): void {
  const replies = questions.map(honest);
  const json = (value: unknown) => response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(value));
  const text = (value: string) => response.writeHead(200).end(value);
  const patched = (patch: (reply: Reply) => Reply) => json(replies.map(patch));
  const withNumber = (number: string) => patched((reply) => (typeof reply.result === "object" ? { ...reply, result: block(number) } : reply));
  const manners: Record<Manner, () => unknown> = {
    honest: () => json(replies),
    shuffled: () => json(replies.toReversed()),
    "no-finalized": () =>
      json(
        questions.map((question) =>
          question.params[0] === "finalized" || question.method === "net_peerCount"
            ? { id: question.id, error: { code: -32601, message: "not known here" } }
            : honest(question),
        ),
      ),
    hangs: () => undefined,
    drips: () => {
      response.writeHead(200);
      response.write("[");
      timers.add(setInterval(() => response.write(" "), 20));
    },
    "giant-body": () => text(`[${" ".repeat(8 * 1024 * 1024)}]`),
    "endless-body": () => pour(response),
    "giant-header": () => response.writeHead(200, { "x-giant": "x".repeat(256 * 1024) }).end("[]"),
    "half-json": () => text(JSON.stringify(replies).slice(0, 50)),
    "wrong-id": () => patched((reply) => ({ ...reply, id: reply.id + 1_000 })),
    "same-id-twice": () => json([...replies.slice(0, -1), replies[1]]),
    "too-many-answers": () => json([...replies, ...replies]),
    redirects: () => response.writeHead(302, { location: "/" }).end(),
    "garbage-types": () => patched((reply) => ({ ...reply, result: [{ number: true }, null, 7] })),
    "negative-numbers": () => withNumber("-0x1"),
    "huge-numbers": () => withNumber(`0x${"f".repeat(40)}`),
    "not-a-batch": () => json({ id: null, error: { code: -32600, message: "no batches here" } }),
    empty: () => text(""),
    resets: () => response.socket?.resetAndDestroy(),
    closes: () => response.socket?.destroy(),
    "breaks-off": () => {
      response.writeHead(200, { "content-length": "1000" });
      response.write("[", () => response.socket?.destroy());
    },
    "gzip-bomb": () => response.writeHead(200, { "content-encoding": "gzip" }).end(gzipSync(Buffer.alloc(32 * 1024 * 1024))),
    "not-http": () => response.socket?.end("SSH-2.0-OpenSSH_9.9\r\n\r\n"),
    overloaded: () => response.writeHead(503).end(),
    "wrong-height": () => withNumber("0x10"),
    "finalized-above-head": () =>
      json(questions.map((question) => (question.params[0] === "finalized" ? { id: question.id, result: block("0x11") } : honest(question)))),
  };
  manners[manner]();
}

/** Writes for as long as somebody reads. */
function pour(response: ServerResponse): void {
  response.writeHead(200);
  const chunk = Buffer.alloc(64 * 1024, " ");
  const more = () => {
    while (!response.destroyed && response.write(chunk));
  };
  response.on("drain", more);
  response.on("error", () => response.destroy());
  more();
}

async function readAll(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  return Buffer.concat(parts).toString("utf8");
}
