/** Keeps the workflow's task token with the incident and asks a person. The token goes nowhere but into the registry. */
import * as z from "zod";
import { updateRecord } from "../../../core/kernel/compare-and-set.ts";
import { LeaseStale } from "../../../core/kernel/errors.ts";
import { type Incident, isOpen } from "../../../core/kernel/incident.ts";
import type { World } from "../../../core/kernel/ports.ts";
import { writeJournal } from "./journal.ts";
import { requireOwned, STEP_MS } from "./ownership.ts";
import { Step } from "./step.ts";

export const ApprovalInput = Step.extend({ taskToken: z.string().min(1).max(2_048), reason: z.string().max(4_000) });
export type ApprovalInput = z.infer<typeof ApprovalInput>;

export async function requestApproval(world: World, step: ApprovalInput): Promise<{ decision: "asked"; incident: string; reason: string }> {
  await requireOwned(world, step);
  const expiresAtMs = world.clock.wallMs() + world.fleet.policies.failover.approvalSeconds * 1_000;
  const approval = { taskToken: step.taskToken, region: world.region, expiresAtMs, decidedBy: null };
  await updateRecord(world.registry, "incident", step.incident, (current) => {
    if (!current || !isOpen(current.status) || current.owner !== step.execution) {
      throw new LeaseStale({
        role: step.role,
        expected: `incident ${step.incident} open and owned by ${step.execution}`,
        found: current?.status ?? "none",
      });
    }
    const next: Incident = {
      ...current,
      status: "awaiting-approval",
      approval,
      ownerDeadlineMs: Math.max(current.ownerDeadlineMs, expiresAtMs + STEP_MS),
    };
    return { kind: "write", next };
  });
  const { incident, role, to, reason } = step;
  await world.bus.publish("failover.approval-requested", { incident, role, to, expiresAtMs, reason });
  const text = `A person is asked to approve the move of ${role} to ${to} until ${new Date(expiresAtMs).toISOString()}: ${reason}.`;
  await writeJournal(world, incident, { step: "RequestApproval", kind: "asked", text, facts: { to, unasked: step.unasked, expiresAtMs } });
  return { decision: "asked", incident, reason };
}
