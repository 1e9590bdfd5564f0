/**
 * The one item that says who holds a role. The whole safety argument stands beside the transitions, in
 * `core/failover/stateful-failover/SAFETY.md`; this file only fixes the shapes that cross rings.
 */
import * as z from "zod";
import { Epoch, IncidentId, NodeId, RoleName, Slot, WallMs } from "./ids.ts";

/** An agent's start: a new id each time, with the count of durable writes its store had then. */
export const Boot = z.object({ bootId: z.string().min(8).max(64), storeCounter: z.int().min(0) });
export type Boot = z.infer<typeof Boot>;

/** How a revoked lease was cleared, which alone allows a successor to take it. */
export const Clearance = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("acknowledged"), fromSlot: Slot, watermark: Slot, bootId: z.string(), storeCounter: z.int() }),
  z.object({ kind: z.literal("waited-out"), fromSlot: Slot, waitedMs: z.number(), reason: z.string() }),
]);
export type Clearance = z.infer<typeof Clearance>;

export const Revocation = z.object({
  owner: z.string().min(1).max(512),
  incident: IncidentId,
  markedAtMs: WallMs,
  /** By the wall, for liveness only: after it another execution may resume this revocation. */
  deadlineMs: WallMs,
  cleared: Clearance.nullable(),
});
export type Revocation = z.infer<typeof Revocation>;

export const Lease = z.object({
  role: RoleName,
  holder: NodeId,
  epoch: Epoch,
  /** Grows with each renewal, for as long as the item lives: whoever waits the lease out watches this number. */
  renewal: z.int().min(0),
  leaseMs: z.int().min(1),
  fromSlot: Slot,
  /** The highest slot ever granted for the role, in any epoch. */
  throughSlot: Slot,
  state: z.enum(["held", "revoking"]),
  /** The holder's boot that the last grant was bound to; null until its first grant of this epoch. */
  boot: Boot.nullable(),
  revocation: Revocation.nullable(),
  /** The name of the table this was written in. A table restored from a backup has another name: not trusted. */
  registry: z.string(),
  takenAtMs: WallMs,
});
export type Lease = z.infer<typeof Lease>;

/** What an agent is granted. Signed by the control plane's session key over exactly these facts. */
export const Grant = z.object({
  role: RoleName,
  epoch: Epoch.min(1),
  leaseMs: z.int().min(1).max(300_000),
  fromSlot: Slot,
  throughSlot: Slot,
});
export type Grant = z.infer<typeof Grant>;
