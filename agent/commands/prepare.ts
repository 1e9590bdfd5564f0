/** Says whether the node beside this agent can take the role now. The operator's `prepare` hook has the last word, and gives way to a stop. */
import type { CommandOf } from "../../core/kernel/agent-protocol.ts";
import { type Agent, type Answer, refuse } from "../agent.ts";

export async function answerPrepare(agent: Agent, { role, nonce }: CommandOf<"prepare">): Promise<Answer<"prepared" | "refused">> {
  const spent = agent.gate.spend(nonce);
  if (spent) return refuse(spent.code, spent.reason);
  if (!agent.config.roles.includes(role))
    return refuse("wrong-role", `this node is configured for ${agent.config.roles.join(", ")}, not for ${role}`);
  await agent.neighbours.lookAtSelf();
  const { kind, head } = agent.neighbours.self();
  if (kind !== "answering") return { kind: "prepared", role, able: false, reason: `the node beside the agent is ${kind}`, head };
  const ran = await agent.duty.inTurn(role, (giveWay) => agent.duty.run("prepare", role, undefined, giveWay));
  return ran.kind === "failed"
    ? { kind: "prepared", role, able: false, reason: `the prepare hook ${ran.reason}`, head }
    : { kind: "prepared", role, able: true, reason: `the node answers at height ${head}`, head };
}
