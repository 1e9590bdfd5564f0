/**
 * What an execution was started with, in one shape: by our own watchers' events, by another system's event, by the CLI, or
 * in the console with a fleet and a role and nothing else.
 */
import * as z from "zod";
import type { Asker } from "../../../core/failover/stateful-failover/admission.ts";
import { faultsOf, InputInvalid } from "../../../core/kernel/errors.ts";
import { EVENTS, type EventDetail } from "../../../core/kernel/events.ts";
import { FleetId, IncidentId, NodeId, RoleName } from "../../../core/kernel/ids.ts";
import { type Evidence, IncidentKind } from "../../../core/kernel/incident.ts";

/** A paragraph of a journal. A hook's whole output is twice as long, and is in the agent's own log. */
export const REASON_CHARACTERS_MAX = 1_000;

/** What a hook, a node or a person wrote, as far as a reason goes. Half a surrogate pair would be JSON that no store takes. */
export function cutReason(text: string): string {
  return text.length > REASON_CHARACTERS_MAX ? `${text.slice(0, REASON_CHARACTERS_MAX - 1).toWellFormed()}…` : text;
}

export const OpenInput = z.object({
  fleet: FleetId,
  role: RoleName,
  /** An event's name and detail, where a rule started the execution. */
  cause: z.string().optional(),
  event: z.unknown().optional(),
  kind: IncidentKind.optional(),
  to: NodeId.nullish(),
  /** Cut, never refused: a workflow comes back with the last step's words, and an open incident must not hang on their length. */
  reason: z.string().transform(cutReason).optional(),
  requestedBy: z.string().max(256).optional(),
  execution: z.string().min(1).max(512),
  /** When this workflow comes back here: its incident, whom it has tried, what was asked for. */
  incident: IncidentId.optional(),
  /** False where the successor named in `to` was found unable before it was given anything. */
  able: z.boolean().optional(),
  burned: z.array(NodeId).max(64).default([]),
  requested: NodeId.nullish(),
  approvedBy: z.string().max(256).nullish(),
});
export type OpenInput = z.infer<typeof OpenInput>;

export type Request = {
  readonly asker: Asker;
  /** What was asked for; `any` leaves it to what the holder can do. */
  readonly wish: "failover" | "switchover" | "establish" | "abandoned" | "lapsed" | "any";
  readonly node: NodeId | null;
  readonly to: NodeId | null;
  readonly evidence: Evidence | null;
  /** The lease's last renewal, where the wish is that it lapsed. */
  readonly lapsed: { readonly epoch: number; readonly renewal: number } | null;
  readonly reason: string;
  readonly requestedBy: string;
  /** A person decides, even where the role's mode is auto. */
  readonly askFirst: boolean;
  /** Only from this node, where the asker said so. */
  readonly from: NodeId | null;
  readonly sinceMs: number;
  readonly saidAtMs: number;
};

export function readRequest(input: OpenInput, nowMs: number): Request {
  const { cause } = input;
  const by = { to: input.to ?? null, node: null, evidence: null, lapsed: null, askFirst: false, from: null, sinceMs: nowMs, saidAtMs: nowMs };
  if (cause === undefined) {
    const wish = input.kind === "failover" || input.kind === "switchover" || input.kind === "establish" ? input.kind : "any";
    return { ...by, asker: "person", wish, reason: input.reason ?? "a person started the workflow", requestedBy: input.requestedBy ?? "console" };
  }
  if (cause === "failover.requested") {
    const { kind, to, from, ...said } = read(cause, input);
    const { reason, requestedBy, askFirst } = said;
    return { ...by, asker: "system", wish: kind, to: to ?? null, from: from ?? null, reason, requestedBy, askFirst };
  }
  const watchers = { ...by, asker: "automation", requestedBy: "watchers" } as const;
  if (cause === "failover.node-condemned") {
    const { node, evidence, atMs } = read(cause, input);
    return { ...watchers, wish: "failover", node, evidence, reason: evidence.reason, sinceMs: evidence.suspectedAtMs, saidAtMs: atMs };
  }
  if (cause === "failover.role-unheld") {
    const { kind, reason, atMs, lapsed } = read(cause, input);
    /** A role without a lease was always without one, however often it is said: 0 makes it one fault. */
    return { ...watchers, wish: kind, reason, lapsed: lapsed ?? null, sinceMs: 0, saidAtMs: atMs };
  }
  throw new InputInvalid({ where: "the execution's input", faults: [`cause: found ${cause}; allowed are ${CAUSES.join(", ")}, or none`] });
}

const CAUSES = ["failover.node-condemned", "failover.role-unheld", "failover.requested"] as const;

function read<N extends (typeof CAUSES)[number]>(cause: N, input: OpenInput): EventDetail<N> {
  const parsed = EVENTS[cause].safeParse(input.event);
  const faults = parsed.success ? mismatch(parsed.data, input) : faultsOf(parsed.error).map((fault) => `event.${fault}`);
  if (!parsed.success || faults.length > 0) throw new InputInvalid({ where: "the execution's input", faults });
  return parsed.data as EventDetail<N>;
}

function mismatch(detail: { fleet: string; role: string }, { fleet, role }: OpenInput): string[] {
  return detail.fleet === fleet && detail.role === role ? [] : [`event: found ${detail.fleet}/${detail.role}; the input says ${fleet}/${role}`];
}
