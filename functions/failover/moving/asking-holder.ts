/**
 * The two questions about an old holder: its agent is asked to refuse the epoch for ever, and every other node which of its
 * blocks it has seen. State that comes with the agent's word is kept for the successor.
 */
import { isOlder } from "../../../core/failover/stateful-failover/checkpoint.ts";
import type { Checkpoint, ReplyOf } from "../../../core/kernel/agent-protocol.ts";
import { updateRecord } from "../../../core/kernel/compare-and-set.ts";
import type { NodeId } from "../../../core/kernel/ids.ts";
import type { Lease } from "../../../core/kernel/lease.ts";
import type { World } from "../../../core/kernel/ports.ts";
import { slotOfBlock } from "../../../core/kernel/slots.ts";
import { AGENT_TIMEOUT_MS, faultText, giveOrder } from "../../orders.ts";
import { nodeOf, type Step } from "./step.ts";

/** The port's own limit. A lease has fewer slots that matter, and older blocks are below every grant. */
const BLOCKS_MAX = 64;
/** Runs beside the agent's answer and must not outlast it. */
const BLOCKS_MS = 1_000;
/** "One more signed slot, at most a slot and a half" (the agent's promise); a chain of heights has no slot to wait for. */
const NEXT_SIGNATURE_SLOTS = 1.5;

export type Word = { readonly kind: "word"; readonly reply: ReplyOf<"fenced"> } | { readonly kind: "no-word"; readonly reason: string };

export async function askToFence(world: World, step: Step, asked: { marked: Lease; after: "now" | "next-signature"; leftMs: number }): Promise<Word> {
  const { marked, after } = asked;
  const { slots } = world.fleet.chain;
  const slotMs = slots.kind === "time" ? slots.seconds * 1_000 : 0;
  const patienceMs = AGENT_TIMEOUT_MS + (after === "next-signature" ? NEXT_SIGNATURE_SLOTS * slotMs : 0);
  const order = (nonce: string) => ({ kind: "fence", nonce, role: step.role, epoch: marked.epoch, after }) as const;
  const answer = await giveOrder<"fence">(world, nodeOf(world, marked.holder), (report) => order(report.nonce), Math.min(patienceMs, asked.leftMs));
  if (answer.kind !== "answered") return { kind: "no-word", reason: faultText(answer) };
  if (answer.reply.role !== step.role) return { kind: "no-word", reason: `its word is about ${answer.reply.role}` };
  if (answer.reply.checkpoint) await keepCheckpoint(world, answer.reply.checkpoint);
  return { kind: "word", reply: answer.reply };
}

/** The newer of two checkpoints stays. */
export async function keepCheckpoint(world: World, checkpoint: Checkpoint): Promise<void> {
  await updateRecord(world.registry, "checkpoint", checkpoint.role, (current) =>
    current && !isOlder(current, checkpoint) ? { kind: "keep" } : { kind: "write", next: checkpoint },
  );
}

/** -1 where nobody has a block by it, or where the fleet file does not say by which address it signs. */
export async function highestSlotSeen(world: World, holder: NodeId): Promise<number> {
  const { signer } = nodeOf(world, holder);
  if (signer === undefined) return -1;
  const others = world.fleet.nodes.filter(({ id }) => id !== holder);
  const seen = await Promise.all(others.map((node) => world.nodes.recentBlocks(node, { limit: BLOCKS_MAX, timeoutMs: BLOCKS_MS })));
  const slots = seen.flat().flatMap((block) => (block.signer === signer ? [slotOfBlock(world.fleet.chain.slots, block)] : []));
  return slots.reduce((most, slot) => Math.max(most, slot), -1);
}
