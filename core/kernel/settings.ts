/** What a function is told by its environment, and the constants that several rings derive from. */
import * as z from "zod";
import { FleetId, RegionName } from "./ids.ts";

/** How far two honest clocks' *rates* may differ: NTP slews at most 500 ppm; twenty times that is 1 %. */
export const RATE_ERROR_MAX = 0.01;

/** A lease is renewed three times in its life, so that two renewals may fail before it matters. */
export const RENEWALS_PER_LEASE = 3;

/** A session key lives an hour at most; it is renewed when half of that is gone. */
export const DELEGATION_MS_MAX = 3_600_000;
/** The one comparison of wall clocks: an agent accepts a delegation this early or late. */
export const DELEGATION_SKEW_MS = 120_000;

export const CALL_BYTES_MAX = 512 * 1024;
export const PROBE_BYTES_MAX = 256 * 1024;

/** Parsed once, in adapters/world.ts, from the function's environment. */
export const Settings = z.object({
  fleet: FleetId,
  region: RegionName,
  module: z.string().regex(/^[a-z]{1,16}$/),
  registryTable: z.string().min(3),
  /** Where the registry is, when not in this Region (rehearsal: one table for both Regions). */
  registryRegion: RegionName,
  vitalsTable: z.string().min(3),
  busName: z.string().min(1),
  authorityKey: z.string().min(1),
  /** The state machine that this function starts; only functions that start one are told. */
  stateMachine: z.string().optional(),
  /** The account in the names of the vault's buckets; only functions that touch them are told. */
  vaultAccount: z
    .string()
    .regex(/^\d{12}$/)
    .optional(),
  /** The bucket of this Region's history; only functions that touch it are told. */
  historyBucket: z.string().min(3).max(63).optional(),
  /** The bucket of the home Region's history, where models lie; only functions that touch them are told. */
  modelBucket: z.string().min(3).max(63).optional(),
  /** The role that agents' credentials are narrowed from; only functions that give access are told. */
  vaultAgentRole: z.string().min(20).optional(),
});
export type Settings = z.infer<typeof Settings>;
