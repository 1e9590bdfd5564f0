/**
 * Passes blocks and pending transactions from node to node, over links that can be cut one direction at a time. Anvil cannot
 * import a block, so a block is made again on each peer from the same transactions, time, signer and fee, and its hash
 * must come out the same. Every node follows the same rule: the acceptable head with the highest slot; a node on a losing
 * branch goes back and takes the other one. A block made here is on its way at once; a look around each POLL_MS finds
 * what came otherwise (a node that was restarted, a transaction sent to one node).
 */

import { blockProduction } from "./block-production.ts";
import { type BlockTree, blockTree, type ChainBlock, isBetter, routeBetween } from "./block-tree.ts";
import type { ChainNode, NodeState } from "./chain-node.ts";
import { gossipViews, type View } from "./gossip-views.ts";
import { NodeRefused, NodeUnreachable } from "./json-rpc.ts";
import { adoptBranch } from "./replay.ts";
import { transactionGossip } from "./transaction-gossip.ts";

/** Half a slot: a restarted node begins to catch up within the slot. */
const POLL_MS = 500;
/** Blocks taken over before the links are looked at again, and validators get a turn: a tenth of a second of work. */
const BLOCKS_AT_ONCE = 100;

export type GossipOptions = {
  readonly nodes: readonly ChainNode[];
  readonly genesis: ChainBlock;
  readonly signers: ReadonlySet<string>;
  readonly slotNow: () => number;
  readonly log: (line: Readonly<Record<string, unknown>>) => void;
  /** For a node that cannot go back far enough in place: it starts again, empty, and catches up from genesis. */
  readonly restart: (node: string) => Promise<void>;
};

export type Gossip = ReturnType<typeof openGossip>;

export function openGossip(options: GossipOptions) {
  const { nodes, genesis, slotNow, log } = options;
  const tree: BlockTree = blockTree(genesis, options.signers);
  const views = gossipViews({ ids: nodes.map(({ id }) => id), tree, genesis, slotNow });
  const pools = transactionGossip();
  const polling = new AbortController();
  const running = new Set<Promise<unknown>>();

  /** Brings one node to the best head that it hears of, a stretch at a time. */
  async function advance(node: ChainNode): Promise<void> {
    const view = views.of(node.id);
    if (view.moving) {
      view.again = true;
      return;
    }
    view.moving = true;
    try {
      do {
        view.again = false;
        if (view.dishonest || !view.reachable) break;
        const goal = views.betterFor(node.id);
        if (goal === undefined) break;
        view.again = (await node.exclusively(() => stretch(node, view, goal))) || view.again;
      } while (view.again && !polling.signal.aborted);
    } catch (error) {
      await setback(node, view, error);
    } finally {
      view.moving = false;
    }
  }

  async function stretch(node: ChainNode, view: View, goal: ChainBlock): Promise<boolean> {
    const state = await node.state();
    const own = tree.get(state.head);
    if (own === undefined) return false;
    view.head = own.hash;
    // It may have moved since the goal was chosen.
    const route = isBetter(goal, own) ? routeBetween(tree, own.hash, goal.hash) : undefined;
    if (route === undefined) return false;
    const forward = route.forward.slice(0, BLOCKS_AT_ONCE);
    if (route.back > 0) log({ kind: "reorganised", node: node.id, back: route.back, to: goal.hash, slot: goal.slot });
    view.head = await adoptBranch(node, { ...route, forward }, state.pooled > 0);
    spread(node.id);
    return forward.length < route.forward.length;
  }

  async function setback(node: ChainNode, view: View, error: unknown): Promise<void> {
    if (error instanceof NodeUnreachable) {
      view.reachable = false;
      return;
    }
    log({ kind: "not-adopted", node: node.id, reason: error instanceof Error ? error.message : String(error) });
    if (!(error instanceof NodeRefused)) throw error;
    pools.forget(node.id);
    await options.restart(node.id);
  }

  /** Tells everybody who hears `source` that it may have something better. */
  function spread(source: string): void {
    for (const node of nodes) if (views.linked(source, node.id)) track(advance(node));
  }

  function track(work: Promise<unknown>): void {
    const settled = work
      .catch((error: unknown) => log({ kind: "failed", reason: error instanceof Error ? error.message : String(error) }))
      .finally(() => running.delete(settled));
    running.add(settled);
  }

  /** A node that was started again is empty and honest. */
  function rejoin(id: string): void {
    Object.assign(views.of(id), { head: genesis.hash, reachable: true, dishonest: false });
    pools.forget(id);
    track(advance(nodeOf(id)));
  }

  async function look(node: ChainNode): Promise<void> {
    const view = views.of(node.id);
    const before = node.changes();
    let state: NodeState;
    try {
      state = await node.state();
      if (!tree.has(state.head)) for (const block of await node.branch({ hash: state.head, height: state.height }, tree.has)) tree.add(block);
    } catch (error) {
      if (!(error instanceof NodeUnreachable)) throw error;
      view.reachable = false;
      return;
    }
    view.reachable = true;
    if (node.changes() !== before || node.waiting() > 0) return;
    view.head = state.head;
    const news = await pools.news(node, state.pooled);
    for (const peer of nodes) {
      const unheard =
        views.linked(node.id, peer.id) && views.of(peer.id).reachable && !views.of(peer.id).dishonest ? pools.unheard(peer.id, news) : [];
      if (unheard.length > 0) track(peer.exclusively(() => peer.offer(unheard)));
    }
    spread(node.id);
    track(advance(node));
  }

  const nodeOf = (id: string): ChainNode => {
    const node = nodes.find((one) => one.id === id);
    if (node === undefined) throw new RangeError(`the rehearsal network has no node ${id}`);
    return node;
  };
  const looking = new Set<string>();
  async function lookOnce(node: ChainNode): Promise<void> {
    if (looking.has(node.id)) return;
    looking.add(node.id);
    await look(node).finally(() => looking.delete(node.id));
  }
  const timer = setInterval(() => {
    for (const node of nodes) track(lookOnce(node));
  }, POLL_MS);

  return {
    ...blockProduction({ tree, views, nodeOf, spread, slotNow }),
    rejoin,
    /** Cuts or restores what `from` tells `to`. */
    setLink(from: string, to: string, up: boolean): void {
      views.setLink(from, to, up);
      if (up) spread(from);
    },
    isCut: views.isCut,
    head: views.head,
    isReachable: (id: string): boolean => views.of(id).reachable,
    isDishonest: (id: string): boolean => views.of(id).dishonest,
    /** Waits for what is under way at nodes that answer; a frozen node's job is left behind when its connection is closed. */
    async close(): Promise<void> {
      polling.abort();
      clearInterval(timer);
      for (const node of nodes) node.close();
      await Promise.all(running);
    },
  };
}
