/**
 * The agent's half of "one holder": a pure state machine over what is durable (`StoredRole`) and what dies with the
 * process (`Memory`). The agent must make a returned `stored` durable before it lets the answer out; SAFETY.md shows why
 * that order, and nothing weaker, is enough. All times are this agent's own monotonic milliseconds.
 */
import type { SignAnswer } from "../../kernel/agent-protocol.ts";
import type { Grant } from "../../kernel/lease.ts";

/** Durable, one a role. Every field only ever grows. */
export type StoredRole = {
  readonly role: string;
  /** The highest epoch accepted. */
  readonly epoch: number;
  /** Every epoch up to this one is refused for ever. */
  readonly fencedThrough: number;
  /** The highest slot that was answered with yes, or skipped for good. */
  readonly watermark: number;
  /** The highest slot ever granted here. */
  readonly throughSlot: number;
};

export type HeldGrant = { readonly epoch: number; readonly fromSlot: number; readonly throughSlot: number; readonly expiresAtMs: number };
export type OpenNonce = { readonly nonce: string; readonly issuedAtMs: number };
/** Lost at every start, on purpose: a new boot has no grant. */
export type Memory = { readonly nonces: readonly OpenNonce[]; readonly grants: ReadonlyMap<string, HeldGrant> };

/** Both Regions' watchers and a workflow ask once a second and answer within a lease: 64 is an order of magnitude above. */
export const OPEN_NONCES_MAX = 64;
/** No lease is longer (fleet file), so no nonce is worth keeping longer. */
export const NONCE_LIFE_MS = 300_000;

export type Refusal = { readonly kind: "refused"; readonly code: "replayed" | "stale-epoch" | "wrong-role"; readonly reason: string };

export const emptyMemory: Memory = { nonces: [], grants: new Map() };

export function neverHeld(role: string): StoredRole {
  return { role, epoch: 0, fencedThrough: 0, watermark: -1, throughSlot: -1 };
}

/** Remembers a nonce with the instant of its issue, from which a lease granted over it will be counted. */
export function issueNonce(memory: Memory, nonce: string, nowMs: number): Memory {
  const alive = memory.nonces.filter((open) => nowMs - open.issuedAtMs < NONCE_LIFE_MS);
  return { ...memory, nonces: [...alive, { nonce, issuedAtMs: nowMs }].slice(-OPEN_NONCES_MAX) };
}

/** Spends a nonce: it is fresh once. */
export function spendNonce(memory: Memory, nonce: string, nowMs: number): { kind: "fresh"; memory: Memory; issuedAtMs: number } | Refusal {
  const open = memory.nonces.find((candidate) => candidate.nonce === nonce);
  if (!open || nowMs - open.issuedAtMs >= NONCE_LIFE_MS) {
    return { kind: "refused", code: "replayed", reason: "the nonce was not issued by this boot of this agent, or was used, voided or is too old" };
  }
  return { kind: "fresh", issuedAtMs: open.issuedAtMs, memory: { ...memory, nonces: memory.nonces.filter((candidate) => candidate !== open) } };
}

/**
 * Takes a grant. Two watchers renew side by side, so grants of one epoch may arrive out of order; each was written to the
 * registry before it was sent, so their union is what the registry has promised to this holder.
 */
export function acceptGrant(
  stored: StoredRole,
  memory: Memory,
  given: { grant: Grant; nonce: string; nowMs: number },
): { kind: "accepted"; stored: StoredRole; memory: Memory } | (Refusal & { memory: Memory }) {
  const { grant, nonce, nowMs } = given;
  const spent = spendNonce(memory, nonce, nowMs);
  if (spent.kind === "refused") return { ...spent, memory };
  if (grant.role !== stored.role) {
    return { kind: "refused", code: "wrong-role", reason: `the grant is for ${grant.role}, this is ${stored.role}`, memory: spent.memory };
  }
  if (grant.epoch <= stored.fencedThrough || grant.epoch < stored.epoch) {
    const reason = `epoch ${grant.epoch} is refused: fenced through ${stored.fencedThrough}, highest accepted ${stored.epoch}`;
    return { kind: "refused", code: "stale-epoch", reason, memory: spent.memory };
  }
  const before = memory.grants.get(grant.role);
  const sameEpoch = before?.epoch === grant.epoch ? before : undefined;
  const held: HeldGrant = {
    epoch: grant.epoch,
    fromSlot: Math.max(grant.fromSlot, sameEpoch?.fromSlot ?? -1),
    throughSlot: Math.max(grant.throughSlot, sameEpoch?.throughSlot ?? -1),
    expiresAtMs: Math.max(spent.issuedAtMs + grant.leaseMs, sameEpoch?.expiresAtMs ?? 0),
  };
  return {
    kind: "accepted",
    stored: {
      ...stored,
      epoch: grant.epoch,
      watermark: Math.max(stored.watermark, grant.fromSlot - 1),
      throughSlot: Math.max(stored.throughSlot, grant.throughSlot),
    },
    memory: { ...spent.memory, grants: new Map(memory.grants).set(grant.role, held) },
  };
}

/** "May I sign slot N?" A yes carries the stored state that must be durable before the validator hears it. */
export function maySign(stored: StoredRole, memory: Memory, asked: { slot: number; nowMs: number }): { answer: SignAnswer; stored: StoredRole } {
  const { slot, nowMs } = asked;
  const no = (reason: string): { answer: SignAnswer; stored: StoredRole } => ({ answer: { kind: "no", slot, reason }, stored });
  const held = memory.grants.get(stored.role);
  if (!held) return no("this agent holds no grant for the role");
  if (held.epoch <= stored.fencedThrough) return no(`epoch ${held.epoch} was fenced`);
  if (nowMs >= held.expiresAtMs) return no(`the lease ended ${Math.round(nowMs - held.expiresAtMs)} ms ago and was not renewed`);
  if (slot < held.fromSlot || slot > held.throughSlot) return no(`the grant covers slots ${held.fromSlot} to ${held.throughSlot}`);
  if (slot <= stored.watermark) return no(`slot ${slot} is not above the watermark ${stored.watermark}`);
  return { answer: { kind: "yes", slot, epoch: held.epoch }, stored: { ...stored, watermark: slot } };
}

/**
 * Refuses every epoch up to `epoch` for ever and voids every open nonce, so that no grant already under way can be
 * accepted. Durable before it is acknowledged. Fencing is idempotent and cannot be undone.
 */
export function fence(stored: StoredRole, memory: Memory, epoch: number): { stored: StoredRole; memory: Memory } {
  const fencedThrough = Math.max(stored.fencedThrough, epoch);
  const grants = new Map(memory.grants);
  const held = grants.get(stored.role);
  if (held && held.epoch <= fencedThrough) grants.delete(stored.role);
  return { stored: { ...stored, fencedThrough }, memory: { nonces: [], grants } };
}
