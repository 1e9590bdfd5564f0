/** The signed report. The nonce is issued last, so that a lease granted over it is counted from the latest safe instant. */
import type { CommandOf } from "../../core/kernel/agent-protocol.ts";
import type { Agent, Answer } from "../agent.ts";

export async function answerReport(agent: Agent, command: CommandOf<"report">): Promise<Answer<"report">> {
  await agent.neighbours.lookNow(command.probe);
  const roles = agent.gate.view();
  const carried = roles.find(({ grant }) => grant !== null);
  const checkpoint = carried === undefined ? null : agent.checkpoints.current(carried.role);
  return {
    kind: "report",
    report: {
      closed: agent.closed,
      wallMs: Math.trunc(agent.clock.wallMs()),
      self: agent.neighbours.self(),
      roles,
      peers: agent.neighbours.views(),
      host: agent.vitals(),
      refused: { ...agent.refused },
      checkpoint: checkpoint === null ? null : { role: checkpoint.role, version: checkpoint.version, sha256: checkpoint.sha256 },
      work: agent.work(),
      boot: agent.gate.boot(),
      nonce: agent.gate.issueNonce(),
    },
  };
}
