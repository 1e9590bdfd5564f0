/**
 * One direction of the network as a TCP proxy on loopback, that can be cut, slowed or made to lie still. A cut is like a lost
 * packet: connections hang and say nothing, and what was under way goes on when the link is back. A dead process is
 * not like that, and must not look like that: the client's connection is reset at once, before any byte, which is what a
 * prober takes for "refused" (a proxy cannot give ECONNREFUSED itself, since its own port is always open).
 */
import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";
import { LOOPBACK } from "./free-port.ts";
import { type Lane, openLane } from "./link-lane.ts";

export type LinkState =
  | { readonly kind: "up" }
  /** Nothing passes either way. */
  | { readonly kind: "cut" }
  /** As if the process behind it were dead. */
  | { readonly kind: "refused" }
  /** Requests come this much later. */
  | { readonly kind: "slow"; readonly delayMs: number }
  /** This share of connections stalls for good. */
  | { readonly kind: "lossy"; readonly share: number }
  /** Requests pass, replies do not. */
  | { readonly kind: "one-way" };

export type Link = {
  readonly name: string;
  readonly port: number;
  state(): LinkState;
  connections(): number;
  /** HTTP requests that it let pass: parts that begin like one, which is exact while none is sent before the last was answered. */
  requests(): number;
  set(state: LinkState): void;
  close(): Promise<void>;
};

/** Connections held at a time; beyond it the oldest is dropped, so that a cut link under retries does not fill memory. */
const CONNECTIONS_MAX = 512;
const REQUEST = /^(POST|GET) /;
const UP: LinkState = { kind: "up" };

type Passage = { set(state: LinkState): void; end(): void };

export async function openLink(options: { name: string; port: number; backendPort: number; chance: () => number }): Promise<Link> {
  const passages = new Set<Passage>();
  let state: LinkState = UP;
  let requests = 0;
  const passed = (part: Buffer): void => {
    if (REQUEST.test(part.toString("latin1", 0, 5))) requests += 1;
  };
  const server: Server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
    const passage = openPassage({ client, backendPort: options.backendPort, chance: options.chance, passed, ended: () => passages.delete(passage) });
    passages.add(passage);
    passage.set(state);
    for (const oldest of passages) {
      if (passages.size <= CONNECTIONS_MAX) break;
      oldest.end();
    }
  });
  server.listen(options.port, LOOPBACK);
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error(`link ${options.name} was opened without an address`);
  return {
    name: options.name,
    port: address.port,
    state: () => state,
    connections: () => passages.size,
    requests: () => requests,
    set(next) {
      state = next;
      for (const passage of passages) passage.set(next);
    },
    async close() {
      server.close();
      for (const passage of passages) passage.end();
      await once(server, "close");
    },
  };
}

/** One client's connection and, from the first moment that the link lets something pass, the backend's. */
function openPassage(options: {
  client: Socket;
  backendPort: number;
  chance: () => number;
  passed: (part: Buffer) => void;
  ended: () => void;
}): Passage {
  const { client } = options;
  let backend: Socket | undefined;
  let backendGone = false;
  let replies: Lane | undefined;
  let state: LinkState = UP;
  let stalled = false;
  const requests: Lane = openLane(client, options.passed);
  client.on("error", end);
  client.on("close", end);
  // A client that hung up while it could not be answered has given up: its request must not arrive when the link is back.
  client.on("end", () => {
    if (!carries().replies) end();
  });

  function reach(): Socket {
    const socket = connect({ host: LOOPBACK, port: options.backendPort, allowHalfOpen: true, noDelay: true });
    socket.on("error", lostBackend);
    socket.on("close", lostBackend);
    replies = openLane(socket);
    replies.into(client);
    requests.into(socket);
    return socket;
  }
  /** The process died or closed: its client hears of it only while the link carries replies. */
  function lostBackend(): void {
    backendGone = true;
    if (carries().replies) finish();
  }
  function finish(): void {
    if (replies?.drained() && replies.sawEnd()) client.end();
    else client.resetAndDestroy();
  }
  function carries(): { requests: boolean; replies: boolean } {
    const passing = !stalled && state.kind !== "cut";
    return { requests: passing, replies: passing && state.kind !== "one-way" };
  }
  function apply(): void {
    if (state.kind === "refused") {
      client.resetAndDestroy();
      return;
    }
    const may = carries();
    if (may.requests && backend === undefined) backend = reach();
    requests.open(may.requests, state.kind === "slow" ? state.delayMs : 0);
    replies?.open(may.replies, 0);
    if (backendGone && may.replies) finish();
  }
  function end(): void {
    client.destroy();
    backend?.destroy();
    options.ended();
  }
  return {
    set(next) {
      state = next;
      stalled = next.kind === "lossy" && options.chance() < next.share;
      apply();
    },
    end,
  };
}
