/** The two ways in which a node of the rehearsal comes by a block of its own making: rightly and wrongly. */
import { type BlockTree, nextBaseFee } from "./block-tree.ts";
import type { ChainNode } from "./chain-node.ts";
import type { GossipViews } from "./gossip-views.ts";
import { NodeUnreachable } from "./json-rpc.ts";

export type BuildAnswer =
  | { readonly kind: "built"; readonly hash: string; readonly height: number; readonly slot: number }
  | { readonly kind: "refused"; readonly reason: string };

export function blockProduction(parts: {
  readonly tree: BlockTree;
  readonly views: GossipViews;
  readonly nodeOf: (id: string) => ChainNode;
  /** Tells the node's peers that it has something new. */
  readonly spread: (id: string) => void;
  readonly slotNow: () => number;
}) {
  const { tree, views, nodeOf, spread, slotNow } = parts;

  /** A validator's block, on its own node. Refused unless the slot lies after the node's head. */
  async function build(id: string, slot: number, signer: string): Promise<BuildAnswer> {
    const node = nodeOf(id);
    if (node.waiting() > 1) return { kind: "refused", reason: `${id} is still at work on an earlier block` };
    try {
      return await node.exclusively(() => buildNow(node, slot, signer));
    } catch (error) {
      if (error instanceof NodeUnreachable) return { kind: "refused", reason: error.message };
      throw error;
    }
  }

  async function buildNow(node: ChainNode, slot: number, signer: string): Promise<BuildAnswer> {
    const { id } = node;
    const state = await node.state();
    const parent = tree.get(state.head);
    const newer = parent && views.betterFor(id, parent);
    if (parent === undefined || newer !== undefined) return { kind: "refused", reason: `${id} has not caught up with the head that it hears of` };
    if (parent.slot >= slot) return { kind: "refused", reason: `${id} already has a block of slot ${parent.slot}` };
    const block = await node.mine({ slot, signer, baseFeePerGas: nextBaseFee(parent) });
    tree.add(block);
    views.of(node.id).head = block.hash;
    spread(node.id);
    return { kind: "built", hash: block.hash, height: block.height, slot };
  }

  /** `count` blocks, a slot each from the present one on, signed by somebody whom nobody knows. From then on the node listens to nobody. */
  async function goRogue(id: string, count: number, signer: string): Promise<void> {
    const node = nodeOf(id);
    const view = views.of(id);
    view.dishonest = true;
    await node.exclusively(async () => {
      const head = await node.block("latest");
      let parent = head;
      for (let made = 0; made < count; made += 1) {
        parent = await node.mine({ slot: Math.max(parent.slot + 1, slotNow()), signer, baseFeePerGas: nextBaseFee(parent) });
        tree.add(parent);
      }
      view.head = parent.hash;
    });
  }

  return { build, goRogue };
}
