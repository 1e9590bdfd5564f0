/**
 * One order to one agent: first its signed report, which carries a fresh nonce, then the order over that nonce. An agent
 * that is silent costs its time limit and nothing more.
 */
import type { Command, Report } from "../core/kernel/agent-protocol.ts";
import type { FleetNode } from "../core/kernel/fleet.ts";
import type { AgentAnswer, Order, World } from "../core/kernel/ports.ts";

/** Three round trips around the world, or one lost packet's retransmission: beyond that it is silent for our purpose. */
export const AGENT_TIMEOUT_MS = 1_500;

type Fault = Exclude<AgentAnswer, { kind: "answered" }>;

export async function askReport(world: World, node: FleetNode, timeoutMs = AGENT_TIMEOUT_MS): Promise<{ kind: "answered"; report: Report } | Fault> {
  const answer = await world.agents.call<"report">(node, { kind: "report", probe: [] }, { timeoutMs });
  return answer.kind === "answered" ? { kind: "answered", report: answer.reply.report } : answer;
}

/** Another command's fence voids every open nonce; twice within one order is no accident any more. */
const ORDER_ATTEMPTS = 2;

/**
 * `make` turns the report into the order. An order whose nonce was voided in between (a fence of the same agent, in the branch
 * beside this one) was refused before anything was done, and is given once more over a fresh one.
 */
export async function giveOrder<K extends Exclude<Command["kind"], "report" | "checkpoint" | "look-at-job" | "look-at-scratch">>(
  world: World,
  node: FleetNode,
  make: (report: Report) => Order<K>,
  timeoutMs = AGENT_TIMEOUT_MS,
) {
  for (let attempt = 1; ; attempt += 1) {
    const asked = await askReport(world, node, Math.min(timeoutMs, AGENT_TIMEOUT_MS));
    if (asked.kind !== "answered") return asked;
    const answer = await world.agents.call<K>(node, make(asked.report), { timeoutMs });
    if (answer.kind !== "refused" || answer.code !== "replayed" || attempt === ORDER_ATTEMPTS) return answer;
  }
}

export function faultText(fault: Fault): string {
  return fault.kind === "refused" ? `it refused (${fault.code}): ${fault.reason}` : `${fault.kind}: ${fault.reason}`;
}
