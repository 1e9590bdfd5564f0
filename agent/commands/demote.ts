/** Runs `stop` where the validator was started here, then the operator's `demote` hook. Refused when a newer epoch was accepted. */
import type { CommandOf } from "../../core/kernel/agent-protocol.ts";
import { type Agent, type Answer, refuse } from "../agent.ts";

export async function answerDemote(agent: Agent, { role, epoch, nonce }: CommandOf<"demote">): Promise<Answer<"demoted" | "refused">> {
  const spent = agent.gate.spend(nonce);
  if (spent) return refuse(spent.code, spent.reason);
  if (!agent.config.roles.includes(role))
    return refuse("wrong-role", `this node is configured for ${agent.config.roles.join(", ")}, not for ${role}`);
  if (agent.duty.isRunning(role)) agent.duty.giveWay(role, "a demotion asks for a stop");
  return await agent.duty.inTurn(role, async () => {
    const stored = agent.gate.storedOf(role);
    if (epoch < stored.epoch) return refuse("stale-epoch", `epoch ${epoch} is older than ${stored.epoch}, which was accepted here`);
    const stood = await agent.duty.standStill(role);
    // What it signed is a fence's question; here it is enough that it is stopped.
    if (stood.kind === "failed" && agent.duty.isRunning(role)) return refuse("hook-failed", stood.reason);
    const ran = await agent.duty.run("demote", role, epoch);
    if (ran.kind === "failed") return refuse("hook-failed", `the demote hook ${ran.reason}`);
    const failed = agent.gate.rememberPromotion(role, 0);
    return failed ? refuse(failed.code, failed.reason) : ({ kind: "demoted", role, epoch } as const);
  });
}
