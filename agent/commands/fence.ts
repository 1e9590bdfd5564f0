/**
 * Refuses an epoch for ever. A validator that the agent started is stopped first; if that fails nothing is acknowledged, and
 * the control plane waits the lease out. With `next-signature` the holder signs once more (or a slot and a half goes by), so
 * that a planned switch begins with a whole slot ahead of it.
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
  return await agent.duty.inTurn(role, async () => {
    const floor = await stopValidator(agent, role);
    if (floor.kind === "refused") return floor;
    const fenced = agent.gate.fence(role, epoch, floor.slot);
    if (fenced.kind === "refused") return refuse(fenced.code, fenced.reason);
    const { fencedThrough, watermark, throughSlot } = fenced.stored;
    const checkpoint = await agent.checkpoints.take(role);
    return { kind: "fenced", role, epoch: fencedThrough, watermark, throughSlot, checkpoint } as const;
  });
}

async function stopValidator(agent: Agent, role: CommandOf<"fence">["role"]): Promise<{ kind: "stopped"; slot: number } | Answer<"refused">> {
  if (!agent.duty.isRunning(role)) return { kind: "stopped", slot: -1 };
  const stopped = await agent.duty.stop(role);
  if (stopped.kind === "failed") return refuse("hook-failed", `the validator may still be signing: the stop hook ${stopped.reason}`);
  await agent.neighbours.lookAtSelf();
  const slot = agent.duty.signedAtMost(role, agent.neighbours.self().head);
  return slot === null
    ? refuse("hook-failed", "the validator is stopped, and its node no longer says which height it signed last: wait the lease out")
    : { kind: "stopped", slot };
}

async function nextSignature(agent: Agent, role: string): Promise<void> {
  const { slots } = agent.config.chain;
  const limitMs = slots.kind === "time" ? SLOTS_WAITED_MAX * slots.seconds * 1_000 : WAIT_WITHOUT_SLOTS_MS;
  const signed = new AbortController();
  const forget = agent.gate.onNextSignature(role, () => signed.abort());
  await agent.clock.sleep(limitMs, signed.signal);
  forget();
}
