/**
 * One node of the rehearsal network as its own client sees it: what it has, and the changes that are made to it. A real
 * node imports and builds under one lock; anvil has no import call, so the lock is here, and everything that changes
 * a node goes through `exclusively`. Changing calls outlive any patience (see json-rpc.ts): a node that was frozen with a
 * block half made holds its lock until it wakes or dies, as it would in the flesh.
 */
import * as z from "zod";
import type { ChainBlock } from "./block-tree.ts";
import { parseBlock } from "./chain-block.ts";
import { type Call, type JsonRpc, jsonRpc, NodeUnreachable, READ_MS_MAX, resultOf } from "./json-rpc.ts";

/** Blocks asked for at a time while walking back from an unknown head. */
const ANCESTORS_AT_ONCE = 32;
/** A day of one-second slots: a head further than that from anything known is not walked back. */
const ANCESTORS_MAX = 86_400;
const START_MS_MAX = 15_000;
const START_POLL_MS = 25;

export type NodeState = { readonly head: string; readonly height: number; readonly pooled: number };
export type NewBlock = { readonly slot: number; readonly signer: string; readonly baseFeePerGas: bigint };
export type ChainNode = ReturnType<typeof chainNode>;

const PoolStatus = z.object({ pending: z.string().transform(Number), queued: z.string().transform(Number) });
const Senders = z.record(z.string(), z.record(z.string(), z.object({ hash: z.string() })));
const PoolContent = z.object({ pending: Senders, queued: Senders });

export function chainNode(options: { id: string; rpcPort: number; genesisTime: number }) {
  const { id, genesisTime } = options;
  const rpc: JsonRpc = jsonRpc(options.rpcPort);
  let last: Promise<unknown> = Promise.resolve();
  let changes = 0;
  let waiting = 0;

  /** One at a time, in the order in which they came. */
  function exclusively<T>(work: () => Promise<T>): Promise<T> {
    waiting += 1;
    const turn = last.then(async () => {
      changes += 1;
      try {
        return await work();
      } finally {
        changes += 1;
        waiting -= 1;
      }
    });
    // Whoever asked hears of the failure; the next in line must not.
    last = turn.catch(() => undefined);
    return turn;
  }

  async function state(): Promise<NodeState> {
    const calls: Call[] = [
      ["eth_getBlockByNumber", ["latest", false]],
      ["txpool_status", []],
    ];
    const [head, pool] = await rpc.batch(calls, READ_MS_MAX);
    const { block } = parseBlock(resultOf(rpc.port, "eth_getBlockByNumber", head), genesisTime);
    const { pending, queued } = PoolStatus.parse(resultOf(rpc.port, "txpool_status", pool));
    return { head: block.hash, height: block.height, pooled: pending + queued };
  }

  async function withTransactions(json: unknown): Promise<ChainBlock> {
    const { block, transactionHashes } = parseBlock(json, genesisTime);
    return { ...block, transactions: await rawTransactions(transactionHashes) };
  }

  async function rawTransactions(hashes: readonly string[]): Promise<string[]> {
    if (hashes.length === 0) return [];
    const calls = hashes.map((hash): Call => ["eth_getRawTransactionByHash", [hash]]);
    const replies = await rpc.batch(calls, 10 * READ_MS_MAX);
    // A pending transaction may have been mined or dropped since it was listed: then it is nobody's news any more.
    return replies.flatMap((reply) => (typeof reply.result === "string" ? [reply.result] : []));
  }

  /** The block `hash` and its ancestors down to the first that is known, oldest first. */
  async function branch(head: { hash: string; height: number }, known: (hash: string) => boolean): Promise<ChainBlock[]> {
    const found: ChainBlock[] = [];
    let next = head;
    while (!known(next.hash) && found.length < ANCESTORS_MAX) {
      const heights = Array.from({ length: Math.min(ANCESTORS_AT_ONCE, next.height + 1) }, (_, index) => next.height - index);
      const calls = heights.map((height): Call => ["eth_getBlockByNumber", [`0x${height.toString(16)}`, false]]);
      for (const reply of await rpc.batch(calls, 10 * READ_MS_MAX)) {
        const block = await withTransactions(resultOf(rpc.port, "eth_getBlockByNumber", reply));
        // The node moved on while it was asked: what is here is no longer one branch. The next look begins anew.
        if (block.hash !== next.hash) throw new NodeUnreachable({ port: rpc.port, reason: "its head changed while its branch was read" });
        found.push(block);
        next = { hash: block.parentHash, height: block.height - 1 };
        if (known(next.hash)) break;
      }
    }
    return found.toReversed();
  }

  /** Pending transactions, raw, each sender's in the order of its nonces. */
  async function pooled(): Promise<string[]> {
    const content = PoolContent.parse(await rpc.call("txpool_content", [], 10 * READ_MS_MAX));
    const hashes = [content.pending, content.queued].flatMap((senders) =>
      Object.values(senders).flatMap((byNonce) =>
        Object.entries(byNonce)
          .toSorted(([a], [b]) => Number(a) - Number(b))
          .map(([, { hash }]) => hash),
      ),
    );
    return rawTransactions(hashes);
  }

  /** The pool takes what it can use; a transaction that it has, or that is already in a block, it refuses, and that is fine. */
  async function offer(transactions: readonly string[]): Promise<void> {
    for (const raw of transactions) await rpc.batch([["eth_sendRawTransaction", [raw]]], "connection");
  }

  /** Makes one block of all that is in the pool, on the node's head. Only within `exclusively`. */
  async function mine({ slot, signer, baseFeePerGas }: NewBlock): Promise<ChainBlock> {
    // The setters take effect while the request is read, before the one slow call begins, so one round trip is enough.
    const calls: Call[] = [
      ["anvil_setCoinbase", [signer]],
      ["anvil_setNextBlockBaseFeePerGas", [`0x${baseFeePerGas.toString(16)}`]],
      ["evm_setNextBlockTimestamp", [genesisTime + slot]],
      ["evm_mine_detailed", []],
    ];
    const replies = await rpc.batch(calls, "connection");
    calls.forEach(([method], index) => {
      resultOf(rpc.port, method, replies[index]);
    });
    const [json] = z.array(z.unknown()).length(1).parse(replies.at(-1)?.result);
    return withTransactions(json);
  }

  return {
    id,
    rpcPort: options.rpcPort,
    exclusively,
    state,
    branch,
    pooled,
    offer,
    mine,
    /** Changes whenever a change begins or ends: an answer read across it is stale. */
    changes: () => changes,
    /** Jobs that hold or wait for the lock. */
    waiting: () => waiting,
    block: async (tag: string) => withTransactions(await rpc.call("eth_getBlockByNumber", [tag, false], READ_MS_MAX)),
    empty: () => rpc.call("anvil_dropAllTransactions", [], "connection"),
    rollBack: (blocks: number) => rpc.call("anvil_rollback", [blocks], "connection"),
    close: rpc.close,
  };
}

/** As soon as a node that was just started answers; throws its last error where it does not in time. */
export async function untilAnswering(node: ChainNode): Promise<void> {
  const deadlineMs = performance.now() + START_MS_MAX;
  for (;;) {
    try {
      await node.state();
      return;
    } catch (error) {
      if (!(error instanceof NodeUnreachable) || performance.now() > deadlineMs) throw error;
    }
    await new Promise((done) => setTimeout(done, START_POLL_MS));
  }
}
