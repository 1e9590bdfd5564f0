/**
 * The registry's half of "one holder": transitions of the one lease item, each from an item that was read to the item
 * that is to be written under the condition that nobody wrote in between. Pure; SAFETY.md holds the argument.
 */
import type { Report } from "../../kernel/agent-protocol.ts";
import type { Slots } from "../../kernel/fleet.ts";
import type { IncidentId } from "../../kernel/ids.ts";
import type { Boot, Grant, Lease } from "../../kernel/lease.ts";
import { slotAt, UNBOUNDED_SLOT } from "../../kernel/slots.ts";
import { contradiction } from "./contradiction.ts";

export type RenewalFacts = {
  /** From the holder's signed report whose nonce the grant will carry. */
  readonly report: Pick<Report, "boot" | "closed" | "roles">;
  /** The median of the clocks at hand: this watcher's and the agents'. Never the chain's head. */
  readonly medianWallMs: number;
  readonly slots: Slots;
  /** The table that the item was read from. */
  readonly registry: string;
};

export type Renewal =
  | { readonly kind: "renewed"; readonly next: Lease; readonly grant: Grant; readonly reason: string }
  | { readonly kind: "refused"; readonly reason: string };

/** Extends the holder's lease. The caller has the nonce already, writes `next`, and only then sends `grant`. */
export function renewLease(lease: Lease, facts: RenewalFacts): Renewal {
  const refused = (reason: string): Renewal => ({ kind: "refused", reason });
  if (lease.registry !== facts.registry) return refused(`the item was written in ${lease.registry}, this is ${facts.registry}`);
  if (lease.state !== "held") return refused(`the lease is ${lease.state}`);
  const words = facts.report.roles.find((role) => role.role === lease.role);
  const against = words ? contradiction(lease, words) : null;
  if (against !== null) return refused(`the holder's agent ${against}`);
  const start = fromSlotFor(lease, facts);
  const throughSlot =
    facts.slots.kind === "time" ? Math.max(lease.throughSlot, slotAt(facts.slots, facts.medianWallMs + lease.leaseMs)) : UNBOUNDED_SLOT;
  const next: Lease = { ...lease, renewal: lease.renewal + 1, fromSlot: start.fromSlot, throughSlot, boot: laterBoot(lease.boot, facts.report.boot) };
  return {
    kind: "renewed",
    next,
    grant: { role: lease.role, epoch: lease.epoch, leaseMs: lease.leaseMs, fromSlot: next.fromSlot, throughSlot },
    reason: start.reason,
  };
}

/** The same boot goes on; a clean restart goes on; anything else starts above every slot that was ever granted. */
function fromSlotFor(lease: Lease, { report, slots }: RenewalFacts): { fromSlot: number; reason: string } {
  const known = lease.boot;
  if (!known) return { fromSlot: lease.fromSlot, reason: "first grant of this epoch" };
  if (known.bootId === report.boot.bootId) return { fromSlot: lease.fromSlot, reason: "renewed" };
  const closed = report.closed;
  if (closed && closed.bootId === known.bootId && closed.storeCounter >= known.storeCounter) {
    return { fromSlot: lease.fromSlot, reason: `restarted cleanly after boot ${known.bootId}: no slot is lost` };
  }
  if (slots.kind === "height") {
    return { fromSlot: lease.fromSlot, reason: "restarted uncleanly on a chain that signs heights: its watermark alone protects" };
  }
  return { fromSlot: lease.throughSlot + 1, reason: `restarted uncleanly: slots through ${lease.throughSlot} may have been signed and are given up` };
}

/** Replies of one boot may be read out of order; its counter only grows. */
function laterBoot(known: Boot | null, heard: Boot): Boot {
  return known?.bootId === heard.bootId && known.storeCounter > heard.storeCounter ? known : heard;
}

export type RevocationFacts = { readonly owner: string; readonly incident: IncidentId; readonly nowMs: number; readonly deadlineMs: number };
export type Revoking =
  | { readonly kind: "write"; readonly next: Lease; readonly reason: string }
  /** This owner's mark stands already; go on from what the item says. */
  | { readonly kind: "kept"; readonly reason: string }
  | { readonly kind: "refused"; readonly reason: string };

/** Marks the lease `revoking`: from here every renewal fails. Another execution may resume a mark past its deadline. */
export function markRevoking(lease: Lease, facts: RevocationFacts): Revoking {
  const mark = lease.revocation;
  if (lease.state === "held" || !mark) {
    const revocation = { owner: facts.owner, incident: facts.incident, markedAtMs: facts.nowMs, deadlineMs: facts.deadlineMs, cleared: null };
    return {
      kind: "write",
      next: { ...lease, state: "revoking", revocation },
      reason: `epoch ${lease.epoch} is revoked; ${lease.holder} is renewed no more`,
    };
  }
  if (mark.owner === facts.owner && mark.incident === facts.incident) return { kind: "kept", reason: "marked by this execution before" };
  if (mark.incident !== facts.incident && facts.nowMs <= mark.deadlineMs) {
    return { kind: "refused", reason: `incident ${mark.incident} is revoking the lease until ${new Date(mark.deadlineMs).toISOString()}` };
  }
  if (facts.nowMs <= mark.deadlineMs) return { kind: "refused", reason: `${mark.owner} is at work until ${new Date(mark.deadlineMs).toISOString()}` };
  // What was cleared stays cleared: nobody could renew since the mark.
  const revocation = { ...mark, owner: facts.owner, incident: facts.incident, deadlineMs: facts.deadlineMs };
  return { kind: "write", next: { ...lease, revocation }, reason: `resumed from ${mark.owner}, whose deadline has passed` };
}
