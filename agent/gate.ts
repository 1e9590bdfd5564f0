/**
 * The agent's gate: the grant machine of `core/failover/stateful-failover/grant.ts` over the durable store. Every call runs
 * to its end without giving way to another (the write is synchronous), so calls are serialised by construction, and each
 * makes its new state durable before it returns an answer. Once a write fails the gate is shut until a person has looked.
 */
import type { KeyObject } from "node:crypto";
import type { DurableFile } from "../adapters/durable-file.ts";
import { seal } from "../adapters/signature-ed25519.ts";
import {
  acceptGrant,
  emptyMemory,
  fence,
  issueNonce,
  type Memory,
  maySign,
  neverHeld,
  type StoredRole,
  spendNonce,
} from "../core/failover/stateful-failover/grant.ts";
import { type AgentRole, CONTEXT, type SignAnswer } from "../core/kernel/agent-protocol.ts";
import type { RoleName } from "../core/kernel/ids.ts";
import type { Boot, Grant } from "../core/kernel/lease.ts";
import type { Clock, Entropy } from "../core/kernel/ports.ts";
import type { AgentState } from "./store.ts";

export type GateRefusal = {
  readonly kind: "refused";
  readonly code: "replayed" | "stale-epoch" | "wrong-role" | "store-damaged";
  readonly reason: string;
};
export type GateDone = { readonly kind: "done"; readonly stored: StoredRole };

const NONCE_BYTES = 16;

export type Gate = ReturnType<typeof openGate>;

export function openGate(options: {
  file: DurableFile<AgentState>;
  state: AgentState;
  counter: number;
  roles: readonly RoleName[];
  privateKey: KeyObject;
  clock: Pick<Clock, "monotonicMs">;
  entropy: Entropy;
  /** Why the gate never opens in this boot, where the store was found damaged. */
  shut?: string;
}) {
  const { file, clock, entropy, roles } = options;
  let state = options.state;
  let counter = options.counter;
  let memory: Memory = emptyMemory;
  let shut: string | null = options.shut ?? null;
  const askedAtMs = new Map<string, number>();
  const waiting = new Set<{ role: string; wake: () => void }>();

  const now = (): number => clock.monotonicMs();
  const storedOf = (role: string): StoredRole => state.roles.find((stored) => stored.role === role) ?? neverHeld(role);
  const boot = (): Boot => ({ bootId: state.bootId, storeCounter: counter });

  /** Durable on return, or a refusal and a gate that stays shut. A write that would change nothing is not made. */
  function keep(next: AgentState): GateRefusal | null {
    if (shut !== null) return { kind: "refused", code: "store-damaged", reason: shut };
    if (JSON.stringify(next) === JSON.stringify(state)) return null;
    const saved = trySave(file, next);
    if (saved.kind === "damaged") {
      shut = saved.reason;
      return { kind: "refused", code: "store-damaged", reason: shut };
    }
    state = next;
    counter = saved.counter;
    return null;
  }

  const withRole = (stored: StoredRole): AgentState => ({
    ...state,
    roles: [...state.roles.filter((other) => other.role !== stored.role), { ...stored, role: stored.role as RoleName }],
  });

  const foreign = (role: string): GateRefusal | null =>
    roles.includes(role as RoleName)
      ? null
      : { kind: "refused", code: "wrong-role", reason: `this node is configured for ${roles.join(", ")}, not for ${role}` };

  return {
    boot,
    storedOf,
    promotedEpoch: (role: RoleName): number => state.promoted[role] ?? 0,
    adopted: (role: RoleName) => state.adopted[role] ?? null,
    shutReason: (): string | null => shut,
    held: (role: string) => memory.grants.get(role) ?? null,

    issueNonce(): string {
      const nonce = Buffer.from(entropy.bytes(NONCE_BYTES)).toString("base64url");
      memory = issueNonce(memory, nonce, now());
      return nonce;
    },

    spend(nonce: string): GateRefusal | null {
      const spent = spendNonce(memory, nonce, now());
      if (spent.kind === "refused") return spent;
      memory = spent.memory;
      return null;
    },

    grant(grant: Grant, nonce: string): GateRefusal | GateDone {
      const refusal = foreign(grant.role);
      if (refusal) return refusal;
      const taken = acceptGrant(storedOf(grant.role), memory, { grant, nonce, nowMs: now() });
      // The nonce is spent either way, and the lease is in memory only once the state is on the disk.
      if (taken.kind === "refused") {
        memory = taken.memory;
        return taken;
      }
      const failed = keep(withRole(taken.stored));
      if (failed) return failed;
      memory = taken.memory;
      return { kind: "done", stored: taken.stored };
    },

    /** For a validator that did not ask slot by slot: nothing through `slot` is signed here again. Durable on return. */
    raise(role: RoleName, slot: number): GateRefusal | null {
      const stored = storedOf(role);
      return slot > stored.watermark ? keep(withRole({ ...stored, watermark: slot })) : null;
    },

    fence(role: RoleName, epoch: number): GateRefusal | GateDone {
      const refusal = foreign(role);
      if (refusal) return refusal;
      const fenced = fence(storedOf(role), memory, epoch);
      // Voided before the write: were it to fail, no grant under way could slip in behind it.
      memory = fenced.memory;
      return keep(withRole(fenced.stored)) ?? { kind: "done", stored: fenced.stored };
    },

    maySign(role: RoleName, slot: number): SignAnswer {
      askedAtMs.set(role, now());
      const no = (reason: string): SignAnswer => ({ kind: "no", slot, reason });
      if (shut !== null) return no(shut);
      const asked = maySign(storedOf(role), memory, { slot, nowMs: now() });
      if (asked.answer.kind === "no") return asked.answer;
      const failed = keep(withRole(asked.stored));
      if (failed) return no(failed.reason);
      // A slow disk may have outlasted the lease; the slot is then given up.
      const held = memory.grants.get(role);
      if (!held || now() >= held.expiresAtMs) return no("the lease ended while the watermark was being written");
      for (const waiter of waiting) if (waiter.role === role) waiter.wake();
      return asked.answer;
    },

    /** Calls `wake` at the next yes for the role; the returned function stops waiting. */
    onNextSignature(role: string, wake: () => void): () => void {
      const waiter = { role, wake };
      waiting.add(waiter);
      return () => waiting.delete(waiter);
    },

    rememberPromotion: (role: RoleName, epoch: number) => keep({ ...state, promoted: { ...state.promoted, [role]: epoch } }),
    rememberAdoption: (role: RoleName, epoch: number, version: number) =>
      keep({ ...state, adopted: { ...state.adopted, [role]: { epoch, version } } }),

    view(): AgentRole[] {
      const names = new Set<string>([...roles, ...state.roles.map(({ role }) => role)]);
      return [...names].map((role) => {
        const { epoch, fencedThrough, watermark, throughSlot } = storedOf(role);
        const held = memory.grants.get(role);
        const remainingMs = held ? held.expiresAtMs - now() : 0;
        const grant = held && remainingMs > 0 ? { epoch: held.epoch, fromSlot: held.fromSlot, throughSlot: held.throughSlot, remainingMs } : null;
        const asked = askedAtMs.get(role);
        return {
          role: role as RoleName,
          epoch,
          fencedThrough,
          watermark,
          throughSlot,
          grant,
          askedMsAgo: asked === undefined ? null : now() - asked,
        };
      });
    },

    /** Signs nothing from here on, and leaves the signed record that no slot beyond the watermark was, unless something speaks against it. */
    close(against: string | null = null): string | null {
      memory = emptyMemory;
      const closing = seal(CONTEXT.closing, { bootId: state.bootId, storeCounter: counter + 1 }, options.privateKey);
      const failed = against ?? keep({ ...state, closing })?.reason ?? null;
      shut ??= "the agent is closing";
      return failed;
    },
  };
}

/** A disk that cannot be written is the same to a validator as a damaged one: the answer is no. */
function trySave(file: DurableFile<AgentState>, state: AgentState): ReturnType<DurableFile<AgentState>["save"]> {
  try {
    return file.save(state);
  } catch (error) {
    return { kind: "damaged", reason: `the store cannot be written: ${error instanceof Error ? error.message : String(error)}` };
  }
}
