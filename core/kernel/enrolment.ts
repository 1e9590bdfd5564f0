/**
 * What a node that an actuator started says when it wants to be of the fleet, what is stored of the token that proves who started it, and
 * what the fleet file lets in. The token itself is never stored: who reads the registry cannot join.
 */
import * as z from "zod";
import { Hash, Height, NodeId, PublicKey, RegionName, WallMs } from "./ids.ts";

const HttpUrl = z.url({ protocol: /^https?$/ }).max(2048);
/** As the actuator knows it: an EC2 instance, an ECS task, a process of a rehearsal. */
export const InstanceId = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9:/._-]{0,254}$/);
const Zone = z.string().min(1).max(64);

/** 32 random bytes in base64url. */
export const EnrolmentSecret = z.string().regex(/^[A-Za-z0-9_-]{43}$/);

/** Signed with the key that it names, so that nobody enters another's key. */
export const EnrolmentRequest = z.object({
  nodeId: NodeId,
  /** Made by the agent itself; its other half never leaves the instance. */
  publicKey: PublicKey,
  token: EnrolmentSecret,
  instanceId: InstanceId,
  endpoint: z.object({ rpc: HttpUrl, agent: HttpUrl }),
  chainId: z.int().min(1),
  genesisHash: Hash,
  finalized: z.object({ height: Height, hash: Hash }),
});
export type EnrolmentRequest = z.infer<typeof EnrolmentRequest>;

/** Key: the instance. Written by the actuator that starts it, before it starts. */
export const EnrolmentToken = z.object({
  instanceId: InstanceId,
  tokenSha256: z.string().regex(/^[0-9a-f]{64}$/),
  nodeId: NodeId,
  region: RegionName,
  zone: Zone,
  /** The instance's own address; null where the actuator does not learn it. */
  host: z.string().min(1).max(253).nullable(),
  issuedAtMs: WallMs,
  /** Until when it may be shown for the first time. */
  expiresAtMs: WallMs,
  /** Whose it became when it was first shown; another key can never use it. */
  claim: z.object({ publicKey: PublicKey, atMs: WallMs }).nullable(),
});
export type EnrolmentToken = z.infer<typeof EnrolmentToken>;

export const EnrolmentBounds = z.strictObject({
  idPrefixes: z
    .array(z.string().regex(/^[a-z][a-z0-9-]{0,30}$/))
    .min(1)
    .max(16)
    .meta({ description: "A node that joins must have a name that begins with one of these, and no node of this file has." }),
  regions: z.array(RegionName).min(1).max(8),
  zones: z.array(Zone).min(1).max(32),
  nodesMax: z.int().min(1).max(500).meta({ description: "Nodes of the fleet, those of this file included." }),
  catchUpSecondsMax: z.int().min(60).max(604_800).default(21_600).meta({ description: "From its first word until it must have caught up." }),
  lagBlocksMax: z.int().min(0).max(10_000).default(3).meta({ description: "How far its finalized block may be behind the fleet's." }),
});
export type EnrolmentBounds = z.infer<typeof EnrolmentBounds>;

/** Key: node. A node that is in the registry and not in the fleet file. */
export const EnrolledNode = z.object({
  nodeId: NodeId,
  publicKey: PublicKey,
  instanceId: InstanceId,
  endpoint: EnrolmentRequest.shape.endpoint,
  region: RegionName,
  zone: Zone,
  enteredAtMs: WallMs,
  /** Null while it is a node of the fleet. What was removed is kept, so that neither its name's key nor its token comes back. */
  removedAtMs: WallMs.nullable(),
});
export type EnrolledNode = z.infer<typeof EnrolledNode>;
