/**
 * What the control plane has an agent do with the vault, and what the agent says of it. An agent works on one job at a time, in the
 * background: an order starts it or renews its access, a question says how far it is. The bytes go between the agent and the
 * vault's buckets; of them the control plane sees counts.
 */
import * as z from "zod";
import { FleetId, Hash, Height, NodeId, PublicKey, RegionName, WallMs } from "./ids.ts";

/** One per run of a workflow: an order for the same job a second time starts nothing. */
export const JobId = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{7,99}$/)
  .brand<"JobId">();
export type JobId = z.infer<typeof JobId>;

const Digest = z.string().regex(/^[0-9a-f]{64}$/);
const Count = z.int().min(0);
/** 32 bytes in base64url: an X25519 public key. */
const BoxKey = z.string().regex(/^[A-Za-z0-9_-]{43}$/);

/** A bucket of the vault and the key of its Region, which opens the vault's keyring alone. */
export const VaultPlace = z.strictObject({
  region: RegionName,
  bucket: z.string().min(3).max(63),
  keyId: z.string().min(1).max(2_048),
  /** Null on AWS; an emulator's address. */
  endpoint: z.url().nullable(),
});
export type VaultPlace = z.infer<typeof VaultPlace>;

/** Credentials that end within the hour and reach what the job needs: its own writer's prefixes, and nothing that deletes. */
export const VaultAccess = z.strictObject({
  credentials: z.strictObject({
    accessKeyId: z.string().min(1).max(256),
    secretAccessKey: z.string().min(1).max(1_024),
    sessionToken: z.string().max(8_192).nullable(),
  }),
  expiresAtMs: WallMs,
  /** The nearest first. A backup is written to the first. */
  places: z.array(VaultPlace).min(1).max(9),
});
export type VaultAccess = z.infer<typeof VaultAccess>;

/** What a sealed access is sealed for. */
export const ACCESS_CONTEXT = "vault-access";
/** A `VaultAccess` that only the agent can read whose box key it was sealed to. */
export const SealedAccess = z.strictObject({ ephemeralKey: BoxKey, sealed: z.string().regex(/^[A-Za-z0-9_-]{1,40000}$/) });
export type SealedAccess = z.infer<typeof SealedAccess>;

const IndexName = z.strictObject({ writer: z.string().regex(/^[a-z][a-z0-9-]{0,31}$/), name: Digest, sizeBytes: Count });

export const JobWork = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("backup"),
    /** The newest backup that the registry remembers; an older vault was rolled back. */
    newestKnown: Count,
    /** Other writers' indexes whose packs somebody else has opened. */
    verified: z.array(IndexName).max(1_000),
    /** Keys that signed earlier backups of this node, beside the agent's own. */
    signers: z.array(PublicKey).max(64),
    /** Reads every file, whatever its times say. */
    fullReread: z.boolean(),
    finality: z.discriminatedUnion("kind", [
      z.strictObject({ kind: z.literal("tag") }),
      z.strictObject({ kind: z.literal("depth"), blocks: z.int().min(1).max(10_000) }),
    ]),
    genesisHash: Hash,
    /** What the network calls final; the node must have it, and the backup is named by it. Null where the network does not agree. */
    network: z.strictObject({ height: Height, blockHash: Hash }).nullable(),
    client: z.string().max(64),
  }),
  z.strictObject({
    kind: z.literal("restore"),
    source: z.string().regex(/^[a-z][a-z0-9-]{0,31}\.(directory|ledger)$/),
    sequence: z.int().min(1).max(999_999_999_999),
    /** Who may have signed it. */
    signers: z.array(PublicKey).min(1).max(64),
  }),
]);
export type JobWork = z.infer<typeof JobWork>;

export const JobResult = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("backup"),
    source: z.string(),
    sequence: z.int().min(1),
    writtenAtMs: WallMs,
    height: Height.nullable(),
    blockHash: Hash.nullable(),
    sourceBytes: Count,
    readBytes: Count,
    storedBytes: Count,
    files: Count,
    /** How long the node stood still for it; 0 where it did not. */
    stoodStillMs: z.number().min(0),
    /** The first few; `skippedCount` is all. */
    skipped: z.array(z.string().max(500)).max(20),
    skippedCount: Count,
    faults: z.array(z.string().max(1_000)).max(20),
  }),
  z.strictObject({ kind: z.literal("restore"), folder: z.string().max(4_096), files: Count, bytes: Count, tookMs: z.number().min(0) }),
]);
export type JobResult = z.infer<typeof JobResult>;

export const JobView = z.strictObject({
  /** Null where this boot has worked on none. */
  job: JobId.nullable(),
  state: z.enum(["none", "running", "done", "failed", "cancelled"]),
  doing: z.string().max(200),
  files: Count,
  bytes: Count,
  result: JobResult.nullable(),
  fault: z.strictObject({ name: z.string().max(64), sentence: z.string().max(2_000), transient: z.boolean() }).nullable(),
  /** Where access is to be sealed to; another one after each start of the agent. */
  boxKey: BoxKey,
});
export type JobView = z.infer<typeof JobView>;

const BlockAt = z.strictObject({ height: Height, hash: Hash });
/** What the scratch node of a drill says of itself. */
export const ScratchView = z.strictObject({
  state: z.enum(["answering", "silent"]),
  reason: z.string().max(1_000),
  chainId: z.int().nullable(),
  head: z.strictObject({ height: Height, hash: Hash, timestampS: z.int().min(0) }).nullable(),
  /** Of the heights that were asked for, those that it has. */
  hashes: z.array(BlockAt).max(16),
});
export type ScratchView = z.infer<typeof ScratchView>;

const challenged = { fleet: FleetId, node: NodeId, challenge: z.string().regex(/^[A-Za-z0-9_-]{22}$/) };
const fresh = { ...challenged, nonce: z.string().regex(/^[A-Za-z0-9_-]{22}$/) };

/** Part of the agent's protocol: see `core/kernel/agent-protocol.ts`. */
export const JOB_COMMANDS = [
  /** Starts the job, or, where it is the one under way, renews its access. Refused while another is under way. */
  z.object({ kind: z.literal("start-job"), ...fresh, job: JobId, work: JobWork, access: SealedAccess }),
  z.object({ kind: z.literal("look-at-job"), ...challenged }),
  z.object({ kind: z.literal("cancel-job"), ...fresh, job: JobId }),
  /** Starts a node of its own on what the job has restored, by the operator's `boot` hook. */
  z.object({ kind: z.literal("boot-scratch"), ...fresh, job: JobId }),
  z.object({ kind: z.literal("look-at-scratch"), ...challenged, heights: z.array(Height).max(16) }),
  /** Ends that node and removes what was restored. */
  z.object({ kind: z.literal("end-scratch"), ...fresh, job: JobId }),
] as const;
