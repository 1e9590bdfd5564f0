/** The newest state of a role, for safe keeping while the holder still can give it. */
import type { CommandOf } from "../../core/kernel/agent-protocol.ts";
import type { Agent, Answer } from "../agent.ts";

export async function answerCheckpoint(agent: Agent, { role }: CommandOf<"checkpoint">): Promise<Answer<"checkpoint">> {
  return { kind: "checkpoint", checkpoint: await agent.checkpoints.take(role) };
}
