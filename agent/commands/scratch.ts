/** Boots, shows and ends the scratch node of a drill, beside the node that this agent stands by. */
import type { CommandOf } from "../../core/kernel/agent-protocol.ts";
import { type Agent, type Answer, refuse } from "../agent.ts";
import { bootScratch, endScratch, type HookOutcome, lookAtScratch } from "../vault/scratch.ts";

type Changing = CommandOf<"boot-scratch"> | CommandOf<"end-scratch">;

export async function answerScratch(agent: Agent, command: Changing): Promise<Answer<"scratch" | "refused">> {
  const spent = agent.gate.spend(command.nonce);
  if (spent) return refuse(spent.code, spent.reason);
  const given = givenOf(agent);
  if (given === null) return NO_SCRATCH;
  if (command.kind === "boot-scratch" && !hasRestored(agent, command.job)) {
    return refuse("job-refused", `${command.job} has restored nothing here that could be booted`);
  }
  /** A restore that is still under way would put back what is removed here. */
  if (command.kind === "end-scratch") await agent.jobs.cancelled(command.job);
  const done: HookOutcome = await (command.kind === "boot-scratch" ? bootScratch : endScratch)(given, command.job);
  if (done.kind === "failed") return refuse("hook-failed", done.reason);
  return { kind: "scratch", view: await lookAtScratch(given, []) };
}

export async function answerLookAtScratch(agent: Agent, { heights }: CommandOf<"look-at-scratch">): Promise<Answer<"scratch" | "refused">> {
  const given = givenOf(agent);
  return given === null ? NO_SCRATCH : { kind: "scratch", view: await lookAtScratch(given, heights) };
}

const NO_SCRATCH = refuse("job-refused", "vault.scratch is not in this agent's configuration: nothing is booted here");

function givenOf({ config }: Agent) {
  const scratch = config.vault?.scratch;
  return scratch === undefined ? null : { fleet: config.fleet, node: config.node, scratch };
}

function hasRestored(agent: Agent, job: string): boolean {
  const view = agent.jobs.view();
  return view.job === job && view.result?.kind === "restore";
}
