/**
 * Reads one node's blocks as they become its head, directly and through no link. The node pushes each new head, so that a
 * block which is given up within the same millisecond is seen too; what came before, or was missed, is asked for by hash.
 */
import * as z from "zod";

const Header = z.object({
  hash: z.string(),
  parentHash: z.string(),
  number: z.string().transform(Number),
  timestamp: z.string().transform(Number),
  miner: z.string().toLowerCase(),
});
export type Header = z.infer<typeof Header>;

const Message = z.object({
  id: z.int().optional(),
  result: z.unknown().optional(),
  params: z.object({ result: Header }).optional(),
});

/** A node that is being started again is looked for this often. */
const RECONNECT_MS = 100;
/** A frozen node answers late; one that is silent for longer has its question forgotten. */
const ANSWER_MS_MAX = 10_000;

export type NodeWatch = { close(): void; idle(): Promise<void> };

/** `seen` is told each block once it is known to be at the node, parents first; `head` each new head, in order. */
export function watchNode(options: {
  node: string;
  rpcPort: number;
  known: (hash: string) => boolean;
  seen: (header: Header) => void;
  head: (hash: string, life: number) => void;
}): NodeWatch {
  let closed = false;
  let life = 0;
  let socket: WebSocket | undefined;
  let work: Promise<void> = Promise.resolve();
  let timer: NodeJS.Timeout | undefined;

  function connect(): void {
    if (closed) return;
    const current = new WebSocket(`ws://127.0.0.1:${options.rpcPort}`);
    socket = current;
    const ask = questions(current);
    current.onopen = () => {
      life += 1;
      const mine = life;
      void ask.send("eth_subscribe", ["newHeads"]);
      enqueue(async () => {
        const latest = Header.safeParse(await ask.send("eth_getBlockByNumber", ["latest", false]));
        if (latest.success) await take(latest.data, mine, ask);
      });
    };
    current.onmessage = ({ data }) => {
      const message = Message.parse(JSON.parse(String(data)));
      const header = message.params?.result;
      const mine = life;
      if (header !== undefined) enqueue(() => take(header, mine, ask));
      else if (message.id !== undefined) ask.answer(message.id, message.result);
    };
    // An error is always followed by a close.
    current.onclose = () => {
      ask.end();
      timer = setTimeout(connect, RECONNECT_MS);
    };
  }

  /** One after the other, so that heads are told in the order in which they came. */
  function enqueue(job: () => Promise<void>): void {
    work = work.then(job);
  }

  async function take(header: Header, mine: number, ask: ReturnType<typeof questions>): Promise<void> {
    const branch = [header];
    for (let oldest = header; oldest.number > 0 && !options.known(oldest.parentHash); ) {
      const parent = Header.safeParse(await ask.send("eth_getBlockByHash", [oldest.parentHash, false]));
      // The node went away while it was asked; the laws say so if the gap is never closed.
      if (!parent.success) break;
      branch.push(parent.data);
      oldest = parent.data;
    }
    for (const block of branch.toReversed()) options.seen(block);
    options.head(header.hash, mine);
  }

  connect();
  return {
    idle: () => work,
    close() {
      closed = true;
      clearTimeout(timer);
      socket?.close();
    },
  };
}

/** Questions over a socket; null where the socket closed, or nothing came in time. */
function questions(socket: WebSocket) {
  const waiting = new Map<number, (result: unknown) => void>();
  let last = 0;
  const answer = (id: number, result: unknown): void => {
    waiting.get(id)?.(result);
    waiting.delete(id);
  };
  return {
    send(method: string, params: readonly unknown[]): Promise<unknown> {
      last += 1;
      const id = last;
      return new Promise((resolve) => {
        const timer = setTimeout(() => answer(id, null), ANSWER_MS_MAX);
        waiting.set(id, (result) => {
          clearTimeout(timer);
          resolve(result);
        });
        if (socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify({ jsonrpc: "2.0", id, method, params }));
        else answer(id, null);
      });
    },
    answer,
    end(): void {
      for (const id of waiting.keys()) answer(id, null);
    },
  };
}
