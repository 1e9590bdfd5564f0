/** What gossip believes of each node (its head, whether it answers, whether it listens), and which of them hear each other. */
import { type BlockTree, type ChainBlock, isBetter } from "./block-tree.ts";

export type View = {
  head: string;
  reachable: boolean;
  /** Went its own way, and listens to nobody until it is started again. */
  dishonest: boolean;
  /** On its way to another head. */
  moving: boolean;
  /** Heard something new meanwhile. */
  again: boolean;
};

export type GossipViews = ReturnType<typeof gossipViews>;

export function gossipViews(options: { ids: readonly string[]; tree: BlockTree; genesis: ChainBlock; slotNow: () => number }) {
  const { ids, tree, genesis, slotNow } = options;
  const views = new Map<string, View>(ids.map((id) => [id, { head: genesis.hash, reachable: true, dishonest: false, moving: false, again: false }]));
  const cut = new Set<string>();

  function of(id: string): View {
    const view = views.get(id);
    if (view === undefined) throw new RangeError(`the rehearsal network has no node ${id}; it has ${ids.join(", ")}`);
    return view;
  }
  const head = (id: string): ChainBlock => tree.get(of(id).head) ?? genesis;
  const linked = (from: string, to: string): boolean => from !== to && !cut.has(`${from}>${to}`);

  return {
    of,
    head,
    linked,
    isCut: (from: string, to: string): boolean => cut.has(`${from}>${to}`),
    setLink(from: string, to: string, up: boolean): void {
      of(from);
      of(to);
      if (up) cut.delete(`${from}>${to}`);
      else cut.add(`${from}>${to}`);
    },
    /** The best head that `target` hears of and would accept; undefined where its own is as good. */
    betterFor(target: string, own: ChainBlock = head(target)): ChainBlock | undefined {
      let best = own;
      for (const [source, view] of views) {
        if (!view.reachable || !linked(source, target)) continue;
        const candidate = tree.acceptable(view.head, slotNow());
        if (candidate !== undefined && isBetter(candidate, best)) best = candidate;
      }
      return best.hash === own.hash ? undefined : best;
    },
  };
}
