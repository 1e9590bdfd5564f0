/** A person's yes or no to an incident that waits for one: handed to the waiting workflow, and written into the journal. */
import { pad } from "../core/kernel/records.ts";
import type { Answer, Operations, Options } from "./command.ts";
import { textOption } from "./command.ts";
import { CommandFailed, EXIT } from "./exit-codes.ts";
import { requireIncident } from "./names.ts";

export async function decide(approved: boolean, options: Options, { registry, workflows, clock, requestedBy }: Operations): Promise<Answer> {
  const incident = await requireIncident(registry, textOption(options, "incident") ?? "latest");
  const { id, role, status, approval } = incident;
  const word = approved ? "approve" : "reject";
  const nowMs = clock.wallMs();
  if (status !== "awaiting-approval" || approval === null) {
    throw new CommandFailed({
      code: EXIT.refused,
      sentence: `incident ${id} does not wait for a person: it is ${status}.`,
      next: `\`ha incident ${id}\` tells its story; \`ha failover ${role}\` moves the role now.`,
    });
  }
  const outcome = await workflows.decide({ taskToken: approval.taskToken, region: approval.region }, { approved, by: requestedBy });
  if (outcome === "gone") {
    throw new CommandFailed({
      code: EXIT.refused,
      sentence: `incident ${id} was decided by somebody else, or its time ran out, just before you ${word === "approve" ? "approved" : "rejected"} it.`,
      next: `\`ha incident ${id}\` says which.`,
    });
  }
  const text = `${requestedBy} ${approved ? "approved" : "rejected"} it with \`ha ${word}\``;
  const entry = {
    incident: id,
    atMs: nowMs,
    step: "AwaitApproval",
    kind: approved ? "approved" : "rejected",
    text,
    tookMs: null,
    facts: { by: requestedBy },
  };
  await registry.write("journal", `${id}/${pad(nowMs)}-AwaitApproval-ha-${word}`, entry, "any");
  const next = approved ? `\`ha incident ${id}\` shows how it goes on.` : `Nothing is moved. \`ha failover ${role}\` does it after all.`;
  return {
    data: { schema: 1, incident: id, role, approved, by: requestedBy },
    text: `Incident ${id} is ${approved ? "approved" : "rejected"}. ${next}`,
  };
}
