/**
 * An incident belongs to one execution at a time, by conditional write, until a deadline. Each step asks here first: an
 * execution that was overtaken learns it before it acts, and stops. The deadline is for liveness only; what protects the
 * role is the lease.
 */
import { updateRecord } from "../../../core/kernel/compare-and-set.ts";
import { LeaseStale } from "../../../core/kernel/errors.ts";
import { type Incident, isOpen } from "../../../core/kernel/incident.ts";
import type { World } from "../../../core/kernel/ports.ts";
import { RATE_ERROR_MAX } from "../../../core/kernel/settings.ts";
import type { Step } from "./step.ts";

/** A cold start, and three attempts with the pauses of the workflow's Retry between them. */
export const STEP_MS = 15_000;
/** Operators' hooks may take two minutes (docs/agent.md); promotion and preparation wait for one. */
export const HOOK_MS = 120_000;

/** The lease's whole life on the waiter's clock, and a step around it. */
export const fenceMs = (leaseMs: number): number => Math.ceil(leaseMs * (1 + RATE_ERROR_MAX)) + STEP_MS;

/**
 * Confirms that this execution still owns the open incident, extends its deadline to `forMs` from now, and notes who
 * approved. Throws LeaseStale where another execution has taken over or the incident has ended.
 */
export async function holdIncident(world: World, step: Step, forMs: number): Promise<Incident> {
  const deadlineMs = world.clock.wallMs() + forMs;
  const held = await updateRecord(world.registry, "incident", step.incident, (current) => {
    const incident = owned(current, step);
    return { kind: "write", next: { ...approved(incident, step.approvedBy), ownerDeadlineMs: Math.max(incident.ownerDeadlineMs, deadlineMs) } };
  });
  return held.next;
}

/** As above, without a write: for steps that are done within the deadline that stands. */
export async function requireOwned(world: World, step: Step): Promise<Incident> {
  const found = await world.registry.read("incident", step.incident);
  return owned(found.kind === "found" ? found.value : null, step);
}

function owned(incident: Incident | null, step: Step): Incident {
  const stale = (expected: string, found: string) => new LeaseStale({ role: step.role, expected, found });
  if (!incident) throw stale(`incident ${step.incident}`, "none");
  if (!isOpen(incident.status)) throw stale(`incident ${step.incident} open`, incident.status);
  if (incident.owner !== step.execution) throw stale(`incident ${step.incident} owned by ${step.execution}`, `owned by ${incident.owner}`);
  return incident;
}

/** A yes that came through the workflow is written down with the name of who said it, and the incident goes on. */
export function approved(incident: Incident, by: string | null): Incident {
  if (by === null || incident.status !== "awaiting-approval") return incident;
  const { approval } = incident;
  return { ...incident, status: "open", approval: approval && { ...approval, decidedBy: by } };
}
