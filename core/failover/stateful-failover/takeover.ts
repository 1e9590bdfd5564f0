/**
 * From a revoked lease to a new holder. A lease is cleared in one of two ways, either alone sufficient: the old holder's
 * agent has said, signed and durably, that it refuses the epoch; or the whole lease was waited out. Only a cleared lease
 * can be taken. SAFETY.md holds the argument.
 */
import type { AgentRole, ReplyOf } from "../../kernel/agent-protocol.ts";
import type { Slots } from "../../kernel/fleet.ts";
import type { IncidentId, NodeId, RoleName } from "../../kernel/ids.ts";
import type { Clearance, Lease } from "../../kernel/lease.ts";
import type { LeaseSighting } from "../../kernel/node.ts";
import { RATE_ERROR_MAX } from "../../kernel/settings.ts";
import { UNBOUNDED_SLOT } from "../../kernel/slots.ts";

export type Cleared =
  | { readonly kind: "write"; readonly next: Lease; readonly clearance: Clearance }
  | { readonly kind: "refused"; readonly reason: string };

export type Acknowledgement = Pick<ReplyOf<"fenced">, "epoch" | "watermark" | "throughSlot" | "boot">;

/**
 * Clears by the agent's word. Refuses a word that contradicts what the registry last heard (an older store counter, or
 * another boot than the one the grants went to, whose watermark may come from an older disk): then wait the lease out.
 * `highestSeenSlot`: the highest slot of a block by the old holder at any node, -1 where none was seen.
 */
export function clearByAcknowledgement(lease: Lease, word: Acknowledgement, highestSeenSlot: number): Cleared {
  if (lease.state !== "revoking" || !lease.revocation) return { kind: "refused", reason: `the lease is ${lease.state}, not revoking` };
  if (word.epoch < lease.epoch) return { kind: "refused", reason: `the agent fenced through ${word.epoch}, below the lease's epoch ${lease.epoch}` };
  if (lease.boot && lease.boot.bootId !== word.boot.bootId) {
    return {
      kind: "refused",
      reason: `the grants went to boot ${lease.boot.bootId}, the word comes from boot ${word.boot.bootId}: its watermark may be older`,
    };
  }
  if (lease.boot && word.boot.storeCounter < lease.boot.storeCounter) {
    return {
      kind: "refused",
      reason: `the agent's store counts ${word.boot.storeCounter} writes, the registry last heard ${lease.boot.storeCounter}`,
    };
  }
  if (word.throughSlot > lease.throughSlot || (lease.throughSlot !== UNBOUNDED_SLOT && word.watermark > lease.throughSlot)) {
    const most = Math.max(word.throughSlot === UNBOUNDED_SLOT ? -1 : word.throughSlot, word.watermark);
    return { kind: "refused", reason: `the agent speaks of slot ${most}, the registry granted through ${lease.throughSlot}: the item is older` };
  }
  // A block beyond every grant is a rogue's; it must not push the successor into the far future.
  const highest = Math.min(Math.max(word.watermark, highestSeenSlot, lease.fromSlot - 1), lease.throughSlot);
  return cleared(lease, { kind: "acknowledged", fromSlot: highest + 1, watermark: word.watermark, ...word.boot });
}

/**
 * How much longer to wait, on the waiter's own monotonic clock. `sightings` are other processes' proofs that they have
 * watched this very (epoch, renewal) for a time already; what one clock calls x is at least x / (1 + e) on another.
 */
export function waitNeededMs(lease: Lease, sightings: readonly LeaseSighting[]): number {
  const proven = sightings
    .filter((seen) => seen.role === lease.role && seen.epoch === lease.epoch && seen.renewal === lease.renewal)
    .reduce((most, seen) => Math.max(most, seen.seenForMs), 0);
  return Math.max(0, Math.ceil(lease.leaseMs * (1 + RATE_ERROR_MAX) - proven / (1 + RATE_ERROR_MAX)));
}

/**
 * Clears by time. `waited` says for how long one process, on its own monotonic clock, has watched this very (epoch,
 * renewal) standing as `revoking`: time spent before another holder's mark is no time at all, and is refused.
 */
export function clearByWaiting(
  lease: Lease,
  facts: {
    waited: { epoch: number; renewal: number; ms: number };
    sightings: readonly LeaseSighting[];
    highestSeenSlot: number;
    slots: Slots;
    reason: string;
  },
): Cleared {
  if (lease.state !== "revoking" || !lease.revocation) return { kind: "refused", reason: `the lease is ${lease.state}, not revoking` };
  const { waited } = facts;
  if (waited.epoch !== lease.epoch || waited.renewal !== lease.renewal) {
    const watched = `epoch ${waited.epoch}, renewal ${waited.renewal}`;
    return { kind: "refused", reason: `waited for ${watched}, the lease is at epoch ${lease.epoch}, renewal ${lease.renewal}` };
  }
  const needed = waitNeededMs(lease, facts.sightings);
  if (waited.ms < needed) return { kind: "refused", reason: `waited ${Math.floor(waited.ms)} ms of ${needed} ms` };
  const fromSlot = facts.slots.kind === "time" ? lease.throughSlot + 1 : Math.max(facts.highestSeenSlot, lease.fromSlot - 1) + 1;
  return cleared(lease, { kind: "waited-out", fromSlot, waitedMs: waited.ms, reason: facts.reason });
}

function cleared(lease: Lease, clearance: Clearance): Cleared {
  if (!lease.revocation) return { kind: "refused", reason: "the lease has no revocation to clear" };
  return { kind: "write", next: { ...lease, revocation: { ...lease.revocation, cleared: clearance } }, clearance };
}

export type Taken =
  | { readonly kind: "write"; readonly next: Lease; readonly reason: string }
  | { readonly kind: "kept"; readonly reason: string }
  | { readonly kind: "refused"; readonly reason: string };

/** Gives the role to the successor under the next epoch (a changed lease length starts here, when none is outstanding). Refuses a lease that was not cleared for this very owner. */
export function takeLease(
  lease: Lease,
  facts: { successor: NodeId; epoch: number; leaseMs: number; owner: string; incident: IncidentId; nowMs: number },
): Taken {
  if (lease.state === "held" && lease.holder === facts.successor && lease.epoch === facts.epoch) return { kind: "kept", reason: "taken before" };
  const mark = lease.revocation;
  if (lease.state !== "revoking" || !mark)
    return { kind: "refused", reason: `the lease is ${lease.state} by ${lease.holder} in epoch ${lease.epoch}` };
  if (mark.owner !== facts.owner || mark.incident !== facts.incident) return { kind: "refused", reason: `the revocation belongs to ${mark.owner}` };
  if (!mark.cleared) return { kind: "refused", reason: "the lease was neither acknowledged nor waited out" };
  if (facts.epoch !== lease.epoch + 1) return { kind: "refused", reason: `the next epoch is ${lease.epoch + 1}, not ${facts.epoch}` };
  const next: Lease = {
    ...lease,
    holder: facts.successor,
    epoch: facts.epoch,
    leaseMs: facts.leaseMs,
    renewal: lease.renewal + 1,
    fromSlot: mark.cleared.fromSlot,
    state: "held",
    boot: null,
    revocation: null,
    takenAtMs: facts.nowMs,
  };
  return { kind: "write", next, reason: `${facts.successor} holds ${lease.role} in epoch ${next.epoch} from slot ${next.fromSlot}` };
}

/** An established lease's holder is only a name: no agent's word ends it, since no boot has this id. It is waited out. */
const NOMINAL_BOOT = { bootId: "established", storeCounter: 0 } as const;

/** What one member's agent says of a role, asked by `fence` through every epoch it knows. */
export type Word = Pick<AgentRole, "epoch" | "fencedThrough" | "watermark" | "throughSlot"> & { readonly node: NodeId };

export type Established =
  | { readonly kind: "write"; readonly next: Lease; readonly reason: string }
  | { readonly kind: "needs-person"; readonly missing: readonly NodeId[]; readonly reason: string };

/**
 * A lease item that is missing, new, or restored from a backup is not trusted: it starts, revoking and uncleared, above
 * everything that any member's agent has ever accepted, and must be waited out for one whole lease like any other.
 * Where an agent cannot be asked, a person decides (`personAccepts`).
 */
export function establishLease(facts: {
  role: RoleName;
  members: readonly NodeId[];
  words: readonly Word[];
  existing: Lease | null;
  leaseMs: number;
  registry: string;
  owner: string;
  incident: IncidentId;
  nowMs: number;
  deadlineMs: number;
  slots: Slots;
  personAccepts: boolean;
}): Established {
  const missing = facts.members.filter((member) => !facts.words.some((word) => word.node === member));
  if (missing.length > 0 && !facts.personAccepts) {
    return { kind: "needs-person", missing, reason: `the agents of ${missing.join(", ")} cannot be asked which epochs and slots they were granted` };
  }
  const highest = (pick: (word: Word) => number, floor: number): number => facts.words.reduce((most, word) => Math.max(most, pick(word)), floor);
  const epoch = highest((word) => Math.max(word.epoch, word.fencedThrough), facts.existing?.epoch ?? 0);
  const heard = highest(
    (word) => Math.max(word.watermark, word.throughSlot === UNBOUNDED_SLOT ? -1 : word.throughSlot),
    facts.existing?.throughSlot ?? -1,
  );
  const throughSlot = facts.slots.kind === "time" ? heard : UNBOUNDED_SLOT;
  const holder = facts.existing?.holder ?? facts.words.toSorted((a, b) => b.epoch - a.epoch)[0]?.node ?? facts.members[0];
  if (!holder) return { kind: "needs-person", missing, reason: "the role has no members" };
  const next: Lease = {
    role: facts.role,
    holder,
    epoch,
    renewal: (facts.existing?.renewal ?? 0) + 1,
    leaseMs: Math.max(facts.leaseMs, facts.existing?.leaseMs ?? 0),
    // Where slots are time the successor starts above every grant; where heights are signed only watermarks say what was.
    fromSlot: facts.slots.kind === "time" ? throughSlot + 1 : highest((word) => word.watermark, facts.existing?.fromSlot ?? -1) + 1,
    throughSlot,
    state: "revoking",
    boot: NOMINAL_BOOT,
    revocation: { owner: facts.owner, incident: facts.incident, markedAtMs: facts.nowMs, deadlineMs: facts.deadlineMs, cleared: null },
    registry: facts.registry,
    takenAtMs: facts.nowMs,
  };
  return {
    kind: "write",
    next,
    reason: `asked ${facts.words.length} agents: above epoch ${epoch} and slot ${throughSlot === UNBOUNDED_SLOT ? heard : throughSlot}`,
  };
}
