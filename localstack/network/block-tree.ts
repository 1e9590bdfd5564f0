/**
 * Every block that was seen, as a tree, and the two questions that gossip asks of it: which head would an honest node
 * choose, and how does a node get from its head to that one. Pure; times and heads are given.
 */
import type { Block } from "../../core/kernel/node.ts";

export type ChainBlock = Block & {
  readonly slot: number;
  readonly baseFeePerGas: bigint;
  readonly gasUsed: bigint;
  readonly gasLimit: bigint;
  /** Raw signed transactions, hexadecimal, in the block's order. */
  readonly transactions: readonly string[];
};
type Placed = ChainBlock & { readonly sound: boolean };

export type BlockTree = {
  readonly size: number;
  has(hash: string): boolean;
  get(hash: string): ChainBlock | undefined;
  /** False where the parent is unknown: add parents first. */
  add(block: ChainBlock): boolean;
  /** The block itself or its nearest ancestor that honest nodes accept at `slotNow`. */
  acceptable(hash: string, slotNow: number): ChainBlock | undefined;
};

/** Sound: every block from genesis on names a signer that the network knows. */
export function blockTree(genesis: ChainBlock, signers: ReadonlySet<string>): BlockTree {
  const blocks = new Map<string, Placed>([[genesis.hash, { ...genesis, sound: true }]]);
  return {
    get size() {
      return blocks.size;
    },
    has: (hash) => blocks.has(hash),
    get: (hash) => blocks.get(hash),
    add(block) {
      const parent = blocks.get(block.parentHash);
      if (parent === undefined) return false;
      const sound = parent.sound && signers.has(block.signer) && block.slot > parent.slot;
      if (!blocks.has(block.hash)) blocks.set(block.hash, { ...block, sound });
      return true;
    },
    acceptable(hash, slotNow) {
      let block = blocks.get(hash);
      // One slot of tolerance: clocks of honest hosts differ by less than a slot.
      while (block !== undefined && !(block.sound && block.slot <= slotNow + 1)) block = blocks.get(block.parentHash);
      return block;
    },
  };
}

/**
 * The head with the highest slot wins, since a slot has one signer. Should two blocks claim one slot (which the auditor
 * would report), the lower hash wins at every node alike.
 */
export function isBetter(candidate: ChainBlock, current: ChainBlock): boolean {
  if (candidate.slot !== current.slot) return candidate.slot > current.slot;
  return candidate.hash < current.hash;
}

/** The way from one head to another: so many blocks back, then these, oldest first. */
export type Route = { readonly back: number; readonly abandoned: readonly ChainBlock[]; readonly forward: readonly ChainBlock[] };

export function routeBetween(tree: Pick<BlockTree, "get">, from: string, to: string): Route | undefined {
  const abandoned: ChainBlock[] = [];
  const forward: ChainBlock[] = [];
  let left = tree.get(from);
  let right = tree.get(to);
  while (left !== undefined && right !== undefined && left.hash !== right.hash) {
    if (left.height >= right.height) {
      abandoned.push(left);
      left = tree.get(left.parentHash);
    } else {
      forward.push(right);
      right = tree.get(right.parentHash);
    }
  }
  if (left === undefined || right === undefined) return undefined;
  return { back: abandoned.length, abandoned: abandoned.toReversed(), forward: forward.toReversed() };
}

/** EIP-1559: an eighth of the way towards the fee at which blocks would be half full. */
export function nextBaseFee(parent: Pick<ChainBlock, "baseFeePerGas" | "gasUsed" | "gasLimit">): bigint {
  const target = parent.gasLimit / 2n;
  const distance = parent.gasUsed > target ? parent.gasUsed - target : target - parent.gasUsed;
  const change = (parent.baseFeePerGas * distance) / target / 8n;
  if (parent.gasUsed === target) return parent.baseFeePerGas;
  return parent.gasUsed > target ? parent.baseFeePerGas + (change > 0n ? change : 1n) : parent.baseFeePerGas - change;
}
