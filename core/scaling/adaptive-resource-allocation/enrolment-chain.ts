/**
 * Whether a node follows our chain, and as far as the fleet does: the same genesis and chain id as the fleet file, and at its own
 * finalized height the hash that a quorum of live members has there. The majority is of all members, not of those that answered, so
 * that no partition lets a stranger in by its own word.
 */
import type { EnrolmentRequest } from "../../kernel/enrolment.ts";
import type { NodeId } from "../../kernel/ids.ts";

/** What one member says. `hash` is its block at the newcomer's finalized height, null where it has none; it counts once the member has finalized it too. */
export type MemberView = {
  readonly node: NodeId;
  readonly chainId: number;
  readonly genesisHash: string;
  readonly finalizedHeight: number;
  readonly hash: string | null;
};
export type ChainFacts = {
  readonly chain: { readonly chainId: number; readonly genesisHash: string };
  /** Members that were asked, those that are out not counted. */
  readonly memberCount: number;
  /** Those of them that have answered; of a member that is named twice only the first answer is heard. */
  readonly views: readonly MemberView[];
  readonly lagBlocksMax: number;
};
export type ChainFault = "chain-id-differs" | "genesis-differs" | "finalized-hash-differs";
export type ChainJudgement =
  | { readonly kind: "agrees"; readonly reason: string }
  | { readonly kind: "refused"; readonly because: ChainFault; readonly reason: string }
  | { readonly kind: "not-yet"; readonly behindBlocks: number | null; readonly reason: string };

export function judgeChain(
  { chainId, genesisHash, finalized }: EnrolmentRequest,
  { chain, memberCount, views, lagBlocksMax }: ChainFacts,
): ChainJudgement {
  const refused = (because: ChainFault, reason: string): ChainJudgement => ({ kind: "refused", because, reason });
  if (chainId !== chain.chainId) return refused("chain-id-differs", `it is on chain ${chainId}, the fleet on ${chain.chainId}`);
  if (genesisHash !== chain.genesisHash) return refused("genesis-differs", `its genesis is ${genesisHash}, the fleet's is ${chain.genesisHash}`);
  const needed = Math.floor(memberCount / 2) + 1;
  const once = views.filter(({ node }, index) => views.findIndex((view) => view.node === node) === index);
  const live = once.filter((view) => view.chainId === chain.chainId && view.genesisHash === chain.genesisHash);
  if (live.length < needed)
    return { kind: "not-yet", behindBlocks: null, reason: `${live.length} of ${memberCount} members answer on this chain, ${needed} are needed` };
  const heights = live.map(({ finalizedHeight }) => finalizedHeight).toSorted((a, b) => b - a);
  // What a quorum has finalized: one member that runs ahead, or says so, does not keep a newcomer out.
  const fleetHeight = heights[needed - 1] ?? 0;
  const behindBlocks = Math.max(0, fleetHeight - finalized.height);
  const known = live.filter(({ hash, finalizedHeight }) => hash !== null && finalizedHeight >= finalized.height);
  const same = known.filter(({ hash }) => hash === finalized.hash).length;
  const other = known.length - same;
  if (other >= needed)
    return refused("finalized-hash-differs", `${other} of ${memberCount} members have another block at its finalized height ${finalized.height}`);
  if (behindBlocks > lagBlocksMax)
    return {
      kind: "not-yet",
      behindBlocks,
      reason: `it has finalized ${finalized.height}, a quorum ${fleetHeight}: ${behindBlocks} blocks to go, ${lagBlocksMax} allowed`,
    };
  if (same < needed)
    return {
      kind: "not-yet",
      behindBlocks,
      reason: `${same} of ${memberCount} members have its finalized block ${finalized.height}, ${needed} are needed`,
    };
  return { kind: "agrees", reason: `${same} of ${memberCount} members have its finalized block ${finalized.height}` };
}
