/**
 * The words that name things. Each id is parsed once at the edge and branded, so that a node's id is never
 * handed to a function that wants a role's name.
 */
import * as z from "zod";

const NAME = /^[a-z][a-z0-9-]{0,31}$/;
const NAME_RULE = "1 to 32 of a-z, 0-9 and '-', starting with a letter";

export const FleetId = z.string().regex(NAME, NAME_RULE).brand<"FleetId">();
export type FleetId = z.infer<typeof FleetId>;

export const NodeId = z.string().regex(NAME, NAME_RULE).brand<"NodeId">();
export type NodeId = z.infer<typeof NodeId>;

export const RoleName = z.string().regex(NAME, NAME_RULE).brand<"RoleName">();
export type RoleName = z.infer<typeof RoleName>;

/** Of a group of units that are started and stopped together. */
export const GroupName = z.string().regex(NAME, NAME_RULE).brand<"GroupName">();
export type GroupName = z.infer<typeof GroupName>;

export const RegionName = z
  .string()
  .regex(/^[a-z]{2}(-[a-z]+)+-\d$/, "an AWS Region such as us-east-1")
  .brand<"RegionName">();
export type RegionName = z.infer<typeof RegionName>;

/** Sortable by the time it was opened: `<role>-<yyyymmddThhmmssmmm>`; unique because a role has one open incident. */
export const IncidentId = z
  .string()
  .regex(/^[a-z][a-z0-9-]{0,31}-\d{8}T\d{9}$/)
  .brand<"IncidentId">();
export type IncidentId = z.infer<typeof IncidentId>;

/** A fencing epoch: a whole number that only grows. 0 means "none yet". */
export const Epoch = z.int().min(0);
/** A slot (or, on a chain that signs heights, a height). JSON-safe: 2^53 slots of one second are 285 million years. */
export const Slot = z.int().min(-1);
export const Height = z.int().min(0);
export const Hash = z.string().regex(/^0x[0-9a-f]{64}$/, "0x and 64 hexadecimal digits");
export const Address = z
  .string()
  .regex(/^0x[0-9a-fA-F]{40}$/, "0x and 40 hexadecimal digits")
  .transform((text) => text.toLowerCase());
/** An Ed25519 public key: 32 bytes in base64url, unpadded. */
export const PublicKey = z.string().regex(/^[A-Za-z0-9_-]{43}$/, "an Ed25519 public key: 32 bytes in base64url");
/** Milliseconds since the Unix epoch by some wall clock: for people and for slots, never for a lease. */
export const WallMs = z.int().min(0);

export function incidentId(role: string, openedAtMs: number): IncidentId {
  const stamp = new Date(openedAtMs).toISOString().replace(/[-:.Z]/g, "");
  return `${role}-${stamp}` as IncidentId;
}
