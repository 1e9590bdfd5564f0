/** Takes over the state of the holder before: verified here, and never older than what was adopted before. */
import { judgeCheckpoint } from "../../core/failover/stateful-failover/checkpoint.ts";
import type { CommandOf } from "../../core/kernel/agent-protocol.ts";
import { type Agent, type Answer, refuse, staleReason } from "../agent.ts";

export async function answerAdopt(
  agent: Agent,
  { role, epoch, nonce, checkpoint: offered }: CommandOf<"adopt">,
): Promise<Answer<"adopted" | "refused">> {
  const spent = agent.gate.spend(nonce);
  if (spent) return refuse(spent.code, spent.reason);
  const stale = staleReason(agent.gate.storedOf(role), epoch);
  if (stale !== null) return refuse("stale-epoch", stale);
  const judged = judgeCheckpoint(offered, { role, adopted: agent.gate.adopted(role) });
  if (judged.kind === "refused") return refuse("checkpoint-invalid", judged.reason);
  const { checkpoint } = judged;
  const counts = await agent.checkpoints.adopt(checkpoint);
  const failed = agent.gate.rememberAdoption(role, checkpoint.epoch, checkpoint.version);
  if (failed) return refuse(failed.code, failed.reason);
  return { kind: "adopted", role, version: checkpoint.version, ...counts };
}
