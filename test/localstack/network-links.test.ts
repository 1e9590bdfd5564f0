/** A link tells a dead process from a dead path, and what was under way goes on when it is back. Real sockets. */
import { once } from "node:events";
import { Agent, createServer, request, type Server, type ServerResponse } from "node:http";
import { connect } from "node:net";
import { afterEach, expect, test } from "vitest";
import { openSwitchboard, type Switchboard } from "../../localstack/network/switchboard.ts";
import { until } from "./network-rig.ts";

const NAME = "us-east-1>n1";
const open: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of open.splice(0)) await close();
});

type Backend = { port: number; served: string[]; server: Server };
async function startBackend(
  answer: (response: ServerResponse, url: string) => void = (response, url) => response.end(`got ${url}`),
): Promise<Backend> {
  const served: string[] = [];
  const server = createServer((incoming, response) => {
    served.push(incoming.url ?? "");
    answer(response, incoming.url ?? "");
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  open.push(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  return { port: typeof address === "object" && address !== null ? address.port : 0, served, server };
}
async function linkTo(backendPort: number, seed = 1): Promise<{ board: Switchboard; port: number }> {
  const board = openSwitchboard(seed);
  open.push(() => board.close());
  return { board, port: await board.add({ name: NAME, port: 0, backendPort }) };
}
type Outcome = { kind: "body"; body: string } | { kind: "error"; code: string } | { kind: "silent" };
/** One request; "silent" after `patienceMs`, when the client hangs up. */
function ask(port: number, path: string, patienceMs = 5_000, agent?: Agent): Promise<Outcome> {
  return new Promise((resolve) => {
    const outgoing = request({ host: "127.0.0.1", port, path, ...(agent ? { agent } : { agent: false }) }, (incoming) => {
      let body = "";
      incoming.on("data", (part) => {
        body += part;
      });
      incoming.on("end", () => finish({ kind: "body", body }));
    });
    const timer = setTimeout(() => {
      finish({ kind: "silent" });
      outgoing.destroy();
    }, patienceMs);
    function finish(outcome: Outcome): void {
      clearTimeout(timer);
      resolve(outcome);
    }
    outgoing.on("error", (error: NodeJS.ErrnoException) => finish({ kind: "error", code: error.code ?? "" }));
    outgoing.end();
  });
}
/** Long enough that an answer over loopback would have come many times over. */
const QUIET_MS = 150;

test("a dead process resets the client at once, before any byte; a cut path says nothing", async () => {
  const backend = await startBackend();
  const { board, port } = await linkTo(backend.port);
  expect(await ask(port, "/a")).toEqual({ kind: "body", body: "got /a" });
  board.set(NAME, { kind: "cut" });
  expect(await ask(port, "/b", QUIET_MS)).toEqual({ kind: "silent" });
  board.set(NAME, { kind: "up" });
  backend.server.closeAllConnections();
  backend.server.close();
  await once(backend.server, "close");
  expect(await ask(port, "/c")).toEqual({ kind: "error", code: "ECONNRESET" });
});

test("a cut link does not let a client tell that the process behind it has died", async () => {
  const backend = await startBackend(() => {});
  const { board, port } = await linkTo(backend.port);
  const asked = ask(port, "/held", QUIET_MS);
  await until("the request is there", async () => backend.served.length === 1);
  board.set(NAME, { kind: "cut" });
  backend.server.closeAllConnections();
  backend.server.close();
  expect(await asked).toEqual({ kind: "silent" });
});

test("what was under way when the link was cut is answered when it is back", async () => {
  const backend = await startBackend();
  const { board, port } = await linkTo(backend.port);
  board.set(NAME, { kind: "cut" });
  const asked = ask(port, "/patient");
  expect(await ask(port, "/impatient", QUIET_MS)).toEqual({ kind: "silent" });
  await until("the link has noticed that one client hung up", async () => board.states()[0]?.connections === 1);
  board.set(NAME, { kind: "up" });
  expect(await asked).toEqual({ kind: "body", body: "got /patient" });
  expect(backend.served, "a request whose client gave up during the cut is not delivered afterwards").toEqual(["/patient"]);
});

test("a kept connection stalls with its link, and serves again with it", async () => {
  const backend = await startBackend();
  const { board, port } = await linkTo(backend.port);
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  open.push(() => agent.destroy());
  expect(await ask(port, "/1", 5_000, agent)).toEqual({ kind: "body", body: "got /1" });
  board.set(NAME, { kind: "cut" });
  const second = ask(port, "/2", 5_000, agent);
  expect(await Promise.race([second, ask(port, "/other", QUIET_MS)])).toEqual({ kind: "silent" });
  board.set(NAME, { kind: "up" });
  expect(await second).toEqual({ kind: "body", body: "got /2" });
});

test("one way: the request arrives, its answer does not until the link is whole", async () => {
  const backend = await startBackend();
  const { board, port } = await linkTo(backend.port);
  board.set(NAME, { kind: "one-way" });
  const asked = ask(port, "/said");
  await until("the request arrives", async () => backend.served.includes("/said"));
  expect(await Promise.race([asked, ask(port, "/x", QUIET_MS)])).toEqual({ kind: "silent" });
  board.set(NAME, { kind: "up" });
  expect(await asked).toEqual({ kind: "body", body: "got /said" });
});

test("refused: the connection is reset although the process lives", async () => {
  const backend = await startBackend();
  const { board, port } = await linkTo(backend.port);
  board.set(NAME, { kind: "refused" });
  expect(await ask(port, "/no")).toEqual({ kind: "error", code: "ECONNRESET" });
  expect(backend.served).toEqual([]);
});

test("slow: the answer is never sooner than the delay", async () => {
  const backend = await startBackend();
  const { board, port } = await linkTo(backend.port);
  board.set(NAME, { kind: "slow", delayMs: 120 });
  const from = performance.now();
  expect(await ask(port, "/late")).toEqual({ kind: "body", body: "got /late" });
  expect(performance.now() - from).toBeGreaterThanOrEqual(119);
});

test("lossy: the same seed stalls the same connections, some and not all", async () => {
  const stalls = async (): Promise<string> => {
    const backend = await startBackend();
    const { board, port } = await linkTo(backend.port, 7);
    board.set(NAME, { kind: "lossy", share: 0.5 });
    const outcomes: string[] = [];
    for (let n = 0; n < 12; n += 1) outcomes.push((await ask(port, `/${n}`, 60)).kind);
    return outcomes.join(" ");
  };
  const first = await stalls();
  expect(first).toContain("silent");
  expect(first).toContain("body");
  expect(await stalls()).toBe(first);
});

test("many connections through a cut link are bounded: the oldest are dropped", async () => {
  const backend = await startBackend();
  const { board, port } = await linkTo(backend.port);
  board.set(NAME, { kind: "cut" });
  const oldest = connect(port, "127.0.0.1");
  await once(oldest, "connect");
  const dropped = once(
    oldest.on("error", () => undefined),
    "close",
  );
  const crowd = Array.from({ length: 520 }, () => connect(port, "127.0.0.1").on("error", () => undefined));
  open.push(() => {
    for (const socket of crowd) socket.destroy();
  });
  await dropped;
});
