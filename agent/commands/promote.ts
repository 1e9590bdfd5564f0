/** Runs the operator's `promote` hook, then `start`, once for an epoch that was granted here. A stop that is due cuts both short. */
import type { CommandOf } from "../../core/kernel/agent-protocol.ts";
import { type Agent, type Answer, refuse, staleReason } from "../agent.ts";

export async function answerPromote(agent: Agent, { role, epoch, nonce }: CommandOf<"promote">): Promise<Answer<"promoted" | "refused">> {
  const spent = agent.gate.spend(nonce);
  if (spent) return refuse(spent.code, spent.reason);
  return await agent.duty.inTurn(role, async (giveWay) => {
    const stored = agent.gate.storedOf(role);
    const stale = staleReason(stored, epoch);
    if (stale !== null) return refuse("stale-epoch", stale);
    if (epoch > stored.epoch) return refuse("stale-epoch", `epoch ${epoch} was not granted here; the highest accepted is ${stored.epoch}`);
    if (agent.gate.promotedEpoch(role) === epoch) return { kind: "promoted", role, epoch } as const;
    const ran = await agent.duty.promote(role, epoch, giveWay);
    if (ran.kind === "failed") return refuse("hook-failed", `the promote hook ${ran.reason}`);
    const started = await agent.duty.start(role, epoch, giveWay);
    if (started.kind === "failed") return refuse("hook-failed", `the start hook ${started.reason}`);
    const failed = agent.gate.rememberPromotion(role, epoch);
    return failed ? refuse(failed.code, failed.reason) : ({ kind: "promoted", role, epoch } as const);
  });
}
