/**
 * Is this a fault to open an incident for, or one that is known? Watchers say it again every few seconds while it lasts,
 * and both Regions say it. What the lease has answered already is stale; what a person or a limit has stopped is left
 * alone for a cooldown, then tried again. Another fault is never held up by an earlier one.
 */
import type { NodeId } from "../../kernel/ids.ts";
import type { Incident } from "../../kernel/incident.ts";
import type { Lease } from "../../kernel/lease.ts";
import type { Asker } from "./admission.ts";

export type Fault = {
  readonly asker: Asker;
  readonly kind: Incident["kind"];
  /** Whom the fault is about; null where the role has no holder. */
  readonly node: NodeId | null;
  /** When it began to be suspected, and when it was said, by the wall. */
  readonly sinceMs: number;
  readonly saidAtMs: number;
};

export type Recognition = { readonly kind: "new" | "stale" | "waiting"; readonly reason: string };

/** The least rest between two incidents about one fault, for fleets whose cooldown is shorter: a person can read four an hour. */
export const REPEAT_MS_MIN = 60_000;
/** A role that has lost its holder waits for no cooldown: only long enough that a service which failed may be back. */
export const FINISH_REST_MS = 15_000;

export function recogniseFault(facts: {
  fault: Fault;
  lease: Lease | null;
  last: Pick<Incident, "id" | "status" | "kind" | "from" | "endedAtMs"> | null;
  cooldownMs: number;
  nowMs: number;
}): Recognition {
  const { fault, lease, last, nowMs } = facts;
  if (fault.asker === "person") return { kind: "new", reason: "a person asked for it" };
  if (lease && fault.node !== null && lease.holder !== fault.node) {
    return { kind: "stale", reason: `${fault.node} no longer holds the role, ${lease.holder} does` };
  }
  if (lease && lease.state === "held" && fault.saidAtMs < lease.takenAtMs) {
    return { kind: "stale", reason: `said before ${lease.holder} took the role in epoch ${lease.epoch}` };
  }
  if (!last || last.endedAtMs === null || last.status === "resolved") return { kind: "new", reason: "no earlier incident is about it" };
  const same = last.kind === fault.kind && (fault.node === null || last.from === fault.node) && fault.sinceMs <= last.endedAtMs;
  const rest = lease?.state === "revoking" ? FINISH_REST_MS : Math.max(facts.cooldownMs, REPEAT_MS_MIN);
  const restMs = last.endedAtMs + rest - nowMs;
  if (same && restMs > 0) {
    return {
      kind: "waiting",
      reason: `incident ${last.id} about the same fault ended ${last.status}; it is tried again in ${Math.ceil(restMs / 1_000)} s`,
    };
  }
  return { kind: "new", reason: same ? `incident ${last.id} ended ${last.status}; the fault lasts` : "another fault than the last" };
}
