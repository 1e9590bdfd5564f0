/**
 * What the control plane and a webhook that moves capacity say to each other: `POST` to the address in the fleet file.
 *
 * A request is a `CommandEnvelope` whose payload is a `CapacityRequest`, signed with the sender's session key, which a control-plane
 * key that the receiver pins has delegated for an hour at most. A reply is a `Sealed` whose payload is a `CapacityReply`, signed with
 * the receiver's own key and echoing the request's challenge, so that a recorded reply proves nothing. What changes anything carries a
 * nonce that this very receiver gave with its last `look`, used once: a recorded request does nothing, after a restart neither.
 */
import * as z from "zod";
import { Nonce } from "./agent-protocol.ts";
import { CapacityLook, CapacityOrder, CapacityOutcome, Raise, UnitId, Verdict } from "./capacity.ts";
import { FleetId, GroupName } from "./ids.ts";

/** A reply with the most units that may be seen has some 70 KB. */
export const CAPACITY_BYTES_MAX = 256 * 1024;

const fresh = { nonce: Nonce, order: CapacityOrder };

export const CapacityAsk = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("look") }),
  z.object({ kind: z.literal("raise"), ...fresh, raise: Raise }),
  z.object({ kind: z.literal("complete"), ...fresh, unit: UnitId, verdict: Verdict }),
  z.object({ kind: z.literal("remove"), ...fresh, unit: UnitId }),
]);
export type CapacityAsk = z.infer<typeof CapacityAsk>;

export const CapacityRequest = z.object({ fleet: FleetId, group: GroupName, challenge: Nonce, ask: CapacityAsk });
export type CapacityRequest = z.infer<typeof CapacityRequest>;

export const CapacityAnswer = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("look"), look: CapacityLook, nonce: Nonce }),
  z.object({ kind: z.literal("outcome"), outcome: CapacityOutcome }),
  /** Not a word of it was acted on. */
  z.object({ kind: z.literal("denied"), code: z.enum(["forged", "expired", "misdirected", "replayed", "unknown"]), reason: z.string().max(1_000) }),
]);
export type CapacityAnswer = z.infer<typeof CapacityAnswer>;

export const CapacityReply = z.object({ fleet: FleetId, group: GroupName, challenge: Nonce, answer: CapacityAnswer });
export type CapacityReply = z.infer<typeof CapacityReply>;
