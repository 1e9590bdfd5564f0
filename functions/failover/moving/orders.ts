/**
 * One order to one agent: first its signed report, which carries a fresh nonce, then the order over that nonce. An agent
 * that is silent costs its time limit and nothing more.
 */
import type { Command, Report } from "../../../core/kernel/agent-protocol.ts";
import type { FleetNode } from "../../../core/kernel/fleet.ts";
import type { AgentAnswer, Order, World } from "../../../core/kernel/ports.ts";

/** Three round trips around the world, or one lost packet's retransmission: beyond that it is silent for our purpose. */
export const AGENT_TIMEOUT_MS = 1_500;

type Fault = Exclude<AgentAnswer, { kind: "answered" }>;

export async function askReport(world: World, node: FleetNode, timeoutMs = AGENT_TIMEOUT_MS): Promise<{ kind: "answered"; report: Report } | Fault> {
  const answer = await world.agents.call<"report">(node, { kind: "report", probe: [] }, { timeoutMs });
  return answer.kind === "answered" ? { kind: "answered", report: answer.reply.report } : answer;
}

/** `make` turns the report into the order, or null where the report shows that it need not be given. */
export async function giveOrder<K extends Exclude<Command["kind"], "report" | "checkpoint">>(
  world: World,
  node: FleetNode,
  make: (report: Report) => Order<K>,
  timeoutMs = AGENT_TIMEOUT_MS,
) {
  const asked = await askReport(world, node, Math.min(timeoutMs, AGENT_TIMEOUT_MS));
  if (asked.kind !== "answered") return asked;
  return world.agents.call<K>(node, make(asked.report), { timeoutMs });
}

export function faultText(fault: Fault): string {
  return fault.kind === "refused" ? `it refused (${fault.code}): ${fault.reason}` : `${fault.kind}: ${fault.reason}`;
}
