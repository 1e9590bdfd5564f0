/**
 * What a node looks like from outside: one probe, one verdict. "Refused", "silent" and "malformed" are different
 * answers, and none of them is an absence of data.
 */
import * as z from "zod";
import { Address, Hash, Height, NodeId, RegionName, WallMs } from "./ids.ts";

export const BlockRef = z.object({ height: Height, hash: Hash });
export type BlockRef = z.infer<typeof BlockRef>;

/** A block as far as high availability cares: where it stands, when it is from, and who signed it. */
export const Block = BlockRef.extend({
  parentHash: Hash,
  /** The chain's own time of the block, in seconds; its slot follows from it. */
  timestampS: z.int().min(0),
  signer: Address,
});
export type Block = z.infer<typeof Block>;

export const Answered = z.object({
  kind: z.literal("answered"),
  latencyMs: z.number().min(0),
  chainId: z.int(),
  genesisHash: Hash,
  head: Block,
  finalized: BlockRef.nullable(),
  peers: z.int().min(0).nullable(),
  /** Recorded, never trusted: clients say "not syncing" while stuck, and "syncing" while fine. */
  syncing: z.boolean().nullable(),
  /** The block at the height that was asked for, so that histories can be compared; null where the node has none. */
  reference: BlockRef.nullable(),
});
export type Answered = z.infer<typeof Answered>;

export const Probe = z.discriminatedUnion("kind", [
  Answered,
  /** The host answered for itself that nothing listens: strong evidence that the process is gone. */
  z.object({ kind: z.literal("refused"), latencyMs: z.number(), reason: z.string() }),
  /** Nothing came within the limit: the path, the host or the process; nobody can tell from here. */
  z.object({ kind: z.literal("silent"), latencyMs: z.number(), reason: z.string() }),
  /** Something came that no honest node sends: not JSON, over the byte limit, a redirect, wrong shapes. */
  z.object({ kind: z.literal("malformed"), latencyMs: z.number(), reason: z.string() }),
]);
export type Probe = z.infer<typeof Probe>;

export const VERDICTS = ["healthy", "slow", "lagging", "stalled", "forked", "foreign", "lying", "unreachable", "dead"] as const;
export const VerdictKind = z.enum(VERDICTS);
export type VerdictKind = z.infer<typeof VerdictKind>;

/** The verdicts that count as a vote to move a role away. Slow and lagging nodes are watched, not condemned. */
export const CONDEMNING: ReadonlySet<VerdictKind> = new Set(["stalled", "forked", "foreign", "lying", "unreachable", "dead"]);

export const NetworkState = z.enum(["live", "halted", "partitioned", "unknown"]);
export type NetworkState = z.infer<typeof NetworkState>;

/** How long this observer has looked at the lease's last renewal, by its own monotonic clock, when it wrote this. */
export const LeaseSighting = z.object({ role: z.string(), epoch: z.int(), renewal: z.int(), seenForMs: z.number().min(0) });
export type LeaseSighting = z.infer<typeof LeaseSighting>;

/** One observer's word on one node, stored at each transition. */
export const Verdict = z.object({
  observer: RegionName,
  node: NodeId,
  kind: VerdictKind,
  confirmed: z.boolean(),
  sinceMs: WallMs,
  atMs: WallMs,
  reason: z.string(),
  head: Height.nullable(),
  lagBlocks: z.int().nullable(),
  /** Accrued suspicion (phi): 1 is "one in ten such silences is innocent", 3 "one in a thousand". */
  suspicion: z.number(),
  flapPenalty: z.number().min(0),
  sightings: z.array(LeaseSighting).default([]),
});
export type Verdict = z.infer<typeof Verdict>;
