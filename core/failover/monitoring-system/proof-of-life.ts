/**
 * Proof of life: a block signed by the subject, in a slot later than the suspicion's beginning, at any other node. It
 * outweighs every vote, since nobody else has the key: whoever still signs is not gone, whatever the paths to it are.
 */
import type { Slots } from "../../kernel/fleet.ts";
import type { Block } from "../../kernel/node.ts";
import { slotAt, slotOfBlock } from "../../kernel/slots.ts";

export type ProofOfLife = { readonly node: string; readonly slot: number; readonly reason: string };

/** The newest slot of a block by `signer` at any node but the subject itself; -1 where there is none. */
export function newestSlotBy(signer: string, facts: { subject: string; heads: readonly HeadAt[]; slots: Slots }): number {
  return Math.max(-1, ...blocksBy(signer, facts).map(({ head }) => slotOfBlock(facts.slots, head)));
}

export type HeadAt = { readonly node: string; readonly head: Pick<Block, "height" | "timestampS" | "signer"> };

export function proofOfLife(facts: {
  readonly subject: string;
  readonly signer: string | undefined;
  readonly heads: readonly HeadAt[];
  readonly slots: Slots;
  readonly suspectedAtWallMs: number;
  /** From `newestSlotBy` when the suspicion began: with a watcher's clock that is behind, old blocks would look new. */
  readonly newestSlotBefore: number;
}): ProofOfLife | null {
  const { signer, slots } = facts;
  if (signer === undefined) return null;
  const suspectedSlot = slots.kind === "time" ? slotAt(slots, facts.suspectedAtWallMs) : facts.newestSlotBefore;
  const after = Math.max(suspectedSlot, facts.newestSlotBefore);
  for (const { node, head } of blocksBy(signer, facts)) {
    const slot = slotOfBlock(slots, head);
    if (slot > after) return { node, slot, reason: `${node} has a block that ${facts.subject} signed in slot ${slot}, after the suspicion began` };
  }
  return null;
}

function blocksBy(signer: string, { subject, heads }: { subject: string; heads: readonly HeadAt[] }): readonly HeadAt[] {
  return heads.filter(({ node, head }) => node !== subject && head.signer === signer);
}
