/**
 * Does an agent's word contradict the lease item? A grant is sent only after the item was written, so an item that is read after
 * a word was heard is at least as high as what the word says. One that is lower was put back from an older state: a table
 * restored from a backup. Such a lease is not trusted, whoever asks.
 */
import type { AgentRole } from "../../kernel/agent-protocol.ts";
import type { Lease } from "../../kernel/lease.ts";

/** Why they cannot both be true, or null. Only for an item that was read after the word was heard. */
export function contradiction(lease: Lease, word: Pick<AgentRole, "epoch" | "fencedThrough" | "throughSlot">): string | null {
  if (word.epoch > lease.epoch) return `has accepted epoch ${word.epoch}, the lease says ${lease.epoch}`;
  if (word.throughSlot > lease.throughSlot) return `was granted slots through ${word.throughSlot}, the lease says ${lease.throughSlot}`;
  // An agent is fenced only by a takeover, whose mark stands until the next epoch is taken.
  if (lease.state === "held" && word.fencedThrough >= lease.epoch) {
    return `refuses every epoch through ${word.fencedThrough}, the lease says that ${lease.epoch} is held`;
  }
  return null;
}
