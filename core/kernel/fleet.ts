/**
 * The fleet file's shape: what an operator declares, and all that is declared. Read by `adapters/fleet-yaml.ts`
 * (which says file and line), published as JSON Schema by `schemas/generate.ts`.
 * Every field carries its unit in its name and its limit in its type.
 */
import * as z from "zod";
import { Backups } from "./backup-policy.ts";
import { Address, FleetId, Hash, NodeId, PublicKey, RegionName, RoleName } from "./ids.ts";
import { Mode } from "./mode.ts";
import { PredictionPolicy } from "./prediction-policy.ts";
import { Scaling } from "./scaling-policy.ts";

const HttpUrl = z.url({ protocol: /^https?$/ }).max(2048);

/** One address for every vantage point, or one per Region where the private paths differ. */
const Endpoint = z.union([HttpUrl, z.object({ default: HttpUrl.optional() }).catchall(HttpUrl)]).meta({
  description: "A URL, or one URL per observer Region (with an optional `default`) where each reaches the node by a path of its own.",
});
export type Endpoint = z.infer<typeof Endpoint>;

const Finality = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("tag") }).meta({ description: "The node answers for the block tag `finalized`." }),
  z.strictObject({ kind: z.literal("depth"), blocks: z.int().min(1).max(10_000) }).meta({ description: "A block this deep is final." }),
]);

/** Time slots make the strong guarantee possible; a chain that signs heights is protected by lease and watermark alone. */
const Slots = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("time"), genesisTime: z.int().min(0), seconds: z.int().min(1).max(600) }),
  z.strictObject({ kind: z.literal("height") }),
]);
export type Slots = z.infer<typeof Slots>;

const Chain = z.strictObject({
  protocol: z.enum(["evm"]),
  chainId: z.int().min(1),
  genesisHash: Hash,
  finality: Finality,
  slots: Slots,
});

const Network = z.strictObject({
  vpcId: z.string().regex(/^vpc-[0-9a-f]+$/),
  subnetIds: z
    .array(z.string().regex(/^subnet-[0-9a-f]+$/))
    .min(1)
    .max(16),
  securityGroupIds: z
    .array(z.string().regex(/^sg-[0-9a-f]+$/))
    .min(1)
    .max(5),
  availabilityZones: z.array(z.string()).min(1).max(16),
});

const Regions = z.strictObject({
  home: RegionName.meta({ description: "Where the registry is created. Must be one of the observers." }),
  observers: z.array(RegionName).min(1).max(3),
  witness: RegionName.optional().meta({ description: "Third Region of the strongly consistent registry when there are two observers." }),
  networks: z
    .record(RegionName, Network)
    .optional()
    .meta({ description: "Per Region: where the functions run inside your VPC, to reach private endpoints." }),
});

const Node = z.strictObject({
  id: NodeId,
  zone: z.string().min(1).max(64),
  region: RegionName,
  rpc: Endpoint,
  agent: Endpoint,
  agentKey: PublicKey,
  agentTlsSha256: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .optional()
    .meta({ description: "SHA-256 of the agent's TLS certificate (DER), pinned." }),
  client: z.string().min(1).max(64).meta({ description: "Client family, such as geth, reth, anvil." }),
  stake: z.number().min(0).default(1),
  signer: Address.optional().meta({ description: "The address by which this node's blocks name their signer." }),
  capacity: z.int().min(1).max(1_000_000).default(100).meta({ description: "Units of work the node can carry, for load balancing." }),
});

const Carry = z.enum(["watermark", "pendingTransactions"]);

const Role = z.strictObject({
  name: RoleName,
  members: z.array(NodeId).min(2).max(64),
  preferred: NodeId.optional(),
  leaseSeconds: z.int().min(3).max(300),
  mode: Mode.default("approve"),
  carry: z.array(Carry).default(["watermark", "pendingTransactions"]),
});

const WatchPolicy = z.strictObject({
  cadenceMs: z.int().min(200).max(10_000).default(1_000),
  vitalsSeconds: z.int().min(1).max(300).default(60),
  probeTimeoutMs: z.int().min(100).max(10_000).default(2_000),
  nodesPerShard: z.int().min(1).max(200).default(50),
  lagBlocksMax: z.int().min(1).max(10_000).default(3),
  stallIntervalsMax: z.number().min(2).max(1_000).default(8),
  perNodeMetrics: z.boolean().default(false),
});

const FailoverPolicy = z.strictObject({
  atOnceMax: z.int().min(1).max(64).default(1),
  perHourMax: z.int().min(1).max(1_000).default(3),
  cooldownSeconds: z.int().min(0).max(86_400).default(300),
  approvalSeconds: z.int().min(10).max(86_400).default(900),
  verifySlotsMax: z.int().min(1).max(100).default(4),
  outShareMax: z
    .number()
    .min(0)
    .max(1)
    .default(0.5)
    .meta({ description: "Share of the fleet that may be out before automation stops and asks a person." }),
  incidentOpenSecondsMax: z.int().min(30).max(86_400).default(1_800),
  flapHalfLifeSeconds: z.int().min(1).max(86_400).default(300),
});

const Policies = z.strictObject({
  watch: WatchPolicy.prefault({}),
  failover: FailoverPolicy.prefault({}),
  prediction: PredictionPolicy.prefault({}),
});

/** S3 takes a default retention of up to a hundred years. */
const LOCK_DAYS_MAX = 36_500;

const Vault = z.strictObject({
  home: RegionName.optional().meta({ description: "Where backups are written; regions.home unless told otherwise. Must be one of the observers." }),
  replicas: z.array(RegionName).min(1).max(8).meta({ description: "Where S3 copies them to: other Regions, whether they watch or not." }),
  lockDays: z.int().min(1).max(LOCK_DAYS_MAX).default(30).meta({ description: "How long nobody may delete or replace what was stored." }),
  lockMode: z
    .enum(["governance", "compliance"])
    .default("governance")
    .meta({ description: "governance: whoever holds s3:BypassGovernanceRetention may. compliance: nobody, the account's root included." }),
  keepNoncurrentDays: z
    .int()
    .min(1)
    .max(LOCK_DAYS_MAX)
    .default(30)
    .meta({ description: "How long what was deleted can be had back. Not less than lockDays." }),
  backups: Backups.optional().meta({ description: "What is backed up, and how it is proven. Without it the vault stays empty." }),
});
export type Vault = z.infer<typeof Vault>;

export const Fleet = z.strictObject({
  $schema: z.string().optional(),
  fleet: FleetId,
  chain: Chain,
  regions: Regions,
  nodes: z.array(Node).min(2).max(500),
  roles: z.array(Role).min(1).max(32),
  policies: Policies.prefault({}),
  vault: Vault.optional().meta({ description: "Where backups live. Without it the stacks have no vault." }),
  scaling: Scaling.optional().meta({
    description: "Capacity that comes and goes with demand. Without it the fleet has the nodes of this file and no others.",
  }),
});
export type Fleet = z.infer<typeof Fleet>;
export type FleetNode = Fleet["nodes"][number];
export type FleetRole = Fleet["roles"][number];
