/**
 * The last step, whichever way it went: publishes who holds what, moves the lost node's other work once, keeps condemned
 * and burned nodes out until they are readmitted, and ends the incident with its report. An execution that failed comes
 * here too, with its error, and ends as escalated.
 */
import * as z from "zod";
import { updateRecord } from "../../../core/kernel/compare-and-set.ts";
import { FleetId, IncidentId, NodeId, RoleName, Slot } from "../../../core/kernel/ids.ts";
import type { Incident } from "../../../core/kernel/incident.ts";
import type { World } from "../../../core/kernel/ports.ts";
import { endIncident } from "./ending.ts";
import { publishRoute } from "./routing.ts";

export const CloseInput = z.object({
  fleet: FleetId,
  role: RoleName,
  execution: z.string().min(1).max(512),
  /** Absent where the execution failed before it had one. */
  incident: IncidentId.optional(),
  ending: z.enum(["resolved", "halted", "rejected", "expired", "escalated"]),
  to: NodeId.nullish(),
  epoch: z.int().optional(),
  firstSlot: Slot.nullish(),
  fromSlot: Slot.nullish(),
  missedSlots: z.int().optional(),
  reason: z.string().max(4_000).nullish(),
  approvedBy: z.string().nullish(),
  /** As Step Functions caught it. */
  error: z.object({ Error: z.string().optional(), Cause: z.string().optional() }).nullish(),
});
export type CloseInput = z.infer<typeof CloseInput>;

export type Closed = { readonly decision: string; readonly incident: IncidentId | null; readonly role: string; readonly reason: string };

export async function closeIncident(world: World, input: CloseInput): Promise<Closed> {
  const id = input.incident ?? (await ownOpenIncident(world, input));
  if (id === null) return { decision: input.ending, incident: null, role: input.role, reason: "no incident of this execution is open" };
  const found = await world.registry.read("incident", id);
  const outcome = outcomeOf(input);
  if (found.kind === "found" && found.value.owner === input.execution && found.value.endedAtMs === null) {
    await keepOut(world, found.value);
    if (outcome !== null) await publishRoute(world, found.value);
  }
  const status = input.ending === "halted" ? "escalated" : input.ending;
  const ended = await endIncident(world, { incident: id, execution: input.execution, status, reason: reasonOf(input), outcome });
  return { decision: ended.status, incident: id, role: input.role, reason: ended.report };
}

/** An execution whose first state failed after it had opened an incident knows it only from the role's cell. */
async function ownOpenIncident(world: World, input: CloseInput): Promise<IncidentId | null> {
  const cell = await world.registry.read("roleIncident", input.role);
  if (cell.kind === "absent" || cell.value.open === null) return null;
  const found = await world.registry.read("incident", cell.value.open);
  return found.kind === "found" && found.value.owner === input.execution ? found.value.id : null;
}

function outcomeOf(input: CloseInput): Incident["outcome"] {
  const moved = input.ending === "resolved" || input.ending === "halted";
  if (!moved || !input.to || input.epoch === undefined) return null;
  return { holder: input.to, epoch: input.epoch, firstSlot: input.firstSlot ?? input.fromSlot ?? -1, missedSlots: input.missedSlots ?? 0 };
}

function reasonOf({ ending, reason, approvedBy, error }: CloseInput): string | null {
  if (error) return `${error.Error ?? "an error without a name"}: ${sentenceOf(error.Cause)}`;
  if (ending === "rejected") return `${approvedBy ?? "somebody"} said no`;
  return reason ?? null;
}

/** Lambda's cause is JSON with the error's own sentence in it; other services send plain text. */
function sentenceOf(cause: string | undefined): string {
  if (cause === undefined) return "no cause was given";
  const parsed = z.object({ errorMessage: z.string() }).safeParse(jsonOrText(cause));
  return (parsed.success ? parsed.data.errorMessage : cause).slice(0, SENTENCE_MAX);
}
/** A report is read by people; a whole stack trace is in the execution's history. */
const SENTENCE_MAX = 1_000;

function jsonOrText(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** A quorum's word, or a grant without a signature: automation does not count on the node until a watcher readmits it. */
async function keepOut(world: World, incident: Incident): Promise<void> {
  const condemned = incident.evidence && incident.from ? [{ node: incident.from, reason: incident.evidence.reason }] : [];
  const silent = incident.burned.map((node) => ({ node, reason: `tried in ${incident.id} and did not take the role` }));
  for (const { node, reason } of [...condemned, ...silent]) {
    const next = { node, standing: "out" as const, sinceMs: world.clock.wallMs(), incident: incident.id, reason };
    await updateRecord(world.registry, "standing", node, (current) =>
      current?.incident === incident.id ? { kind: "keep" } : { kind: "write", next },
    );
  }
}
