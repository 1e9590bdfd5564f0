/** Takes a grant over a nonce that this boot issued; the raised watermark and epoch are durable before it is acknowledged. */
import type { CommandOf } from "../../core/kernel/agent-protocol.ts";
import { type Agent, type Answer, refuse } from "../agent.ts";

export async function answerGrant(agent: Agent, { grant, nonce }: CommandOf<"grant">): Promise<Answer<"granted" | "refused">> {
  const taken = agent.gate.grant(grant, nonce);
  if (taken.kind === "refused") return refuse(taken.code, taken.reason);
  return { kind: "granted", role: grant.role, epoch: grant.epoch, watermark: taken.stored.watermark };
}
