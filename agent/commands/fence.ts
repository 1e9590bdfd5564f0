/**
 * Refuses an epoch for ever. A validator that the agent started is stopped first, and all that it may have signed is in the
 * watermark, also where it was stopped long before; if that fails nothing is acknowledged, and the control plane waits the lease
 * out. With `next-signature` the holder signs once more (or a slot and a half goes by), so that a planned switch begins with a
 * whole slot ahead of it.
 */
import type { CommandOf } from "../../core/kernel/agent-protocol.ts";
import { type Agent, type Answer, refuse } from "../agent.ts";

const SLOTS_WAITED_MAX = 1.5;
/** Where slots have no length. */
const WAIT_WITHOUT_SLOTS_MS = 5_000;

export async function answerFence(agent: Agent, command: CommandOf<"fence">): Promise<Answer<"fenced" | "refused">> {
  const { role, epoch } = command;
  const spent = agent.gate.spend(command.nonce);
  if (spent) return refuse(spent.code, spent.reason);
  if (command.after === "next-signature" && agent.gate.held(role) !== null) await nextSignature(agent, role);
  agent.duty.giveWay(role, "a fence asks for a stop");
  return await agent.duty.inTurn(role, async () => {
    const stood = await agent.duty.standStill(role);
    if (stood.kind === "failed") return refuse("hook-failed", stood.reason);
    const fenced = agent.gate.fence(role, epoch);
    if (fenced.kind === "refused") return refuse(fenced.code, fenced.reason);
    const { fencedThrough, watermark, throughSlot } = fenced.stored;
    const checkpoint = await agent.checkpoints.take(role);
    return { kind: "fenced", role, epoch: fencedThrough, watermark, throughSlot, checkpoint } as const;
  });
}

async function nextSignature(agent: Agent, role: string): Promise<void> {
  const { slots } = agent.config.chain;
  const limitMs = slots.kind === "time" ? SLOTS_WAITED_MAX * slots.seconds * 1_000 : WAIT_WITHOUT_SLOTS_MS;
  const signed = new AbortController();
  const forget = agent.gate.onNextSignature(role, () => signed.abort());
  await agent.clock.sleep(limitMs, signed.signal);
  forget();
}
