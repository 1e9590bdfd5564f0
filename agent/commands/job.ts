/** Starts, renews, shows and cancels the agent's vault job. */
import type { CommandOf } from "../../core/kernel/agent-protocol.ts";
import { type Agent, type Answer, refuse } from "../agent.ts";

export function answerStartJob(agent: Agent, { nonce, job, work, access }: CommandOf<"start-job">): Answer<"job" | "refused"> {
  const spent = agent.gate.spend(nonce);
  if (spent) return refuse(spent.code, spent.reason);
  const started = agent.jobs.start(job, work, access);
  return started.kind === "refused" ? refuse("job-refused", started.reason) : view(agent);
}

export function answerLookAtJob(agent: Agent): Answer<"job"> {
  return view(agent);
}

export function answerCancelJob(agent: Agent, { nonce, job }: CommandOf<"cancel-job">): Answer<"job" | "refused"> {
  const spent = agent.gate.spend(nonce);
  if (spent) return refuse(spent.code, spent.reason);
  agent.jobs.cancel(job);
  return view(agent);
}

const view = (agent: Agent): Answer<"job"> => ({ kind: "job", view: agent.jobs.view() });
