/**
 * What the control plane and an agent say to each other, over one endpoint: `POST /v1/command`.
 *
 * A request is an `Envelope` whose payload is a `Command`, signed with the sender's session key, which a control-plane
 * key that the agent pins has delegated for an hour at most. A reply is an `Envelope` whose payload is a `Reply`,
 * signed with the agent's own key and echoing the request's challenge, so that a recorded reply proves nothing.
 * What is signed are the bytes that travel, after a context string; nothing is re-serialised to be verified.
 * `POST /v1/sign` is the validator's question. It is served on loopback only and is not signed.
 * `POST /v1/work` is what agents say to each other (work-trade.ts): `Sealed`, one way, signed with the sender's own key.
 */
import * as z from "zod";
import { HostVitals } from "./host-vitals.ts";
import { Epoch, FleetId, Hash, Height, NodeId, PublicKey, RoleName, Slot, WallMs } from "./ids.ts";
import { Boot, Grant } from "./lease.ts";
import { JOB_COMMANDS, JobView, ScratchView } from "./vault-job.ts";
import { WorkView } from "./work-trade.ts";

const Base64Url = z.string().regex(/^[A-Za-z0-9_-]+$/);
/** 16 random bytes in base64url. */
export const Nonce = z.string().regex(/^[A-Za-z0-9_-]{22}$/);

export const CONTEXT = {
  command: "synnergy-ha/command/1\n",
  reply: "synnergy-ha/reply/1\n",
  delegation: "synnergy-ha/delegation/1\n",
  closing: "synnergy-ha/closing/1\n",
  manifest: "synnergy-ha/manifest/1\n",
  capacity: "synnergy-ha/capacity/1\n",
  capacityReply: "synnergy-ha/capacity-reply/1\n",
  work: "synnergy-ha/work/1\n",
} as const;

export const Delegation = z.object({
  fleet: FleetId,
  /** The session's Ed25519 public key. */
  sessionKey: PublicKey,
  notBeforeMs: WallMs,
  notAfterMs: WallMs,
});
export type Delegation = z.infer<typeof Delegation>;

export const Sealed = z.object({ payload: Base64Url.max(400_000), signature: Base64Url.max(512) });
export type Sealed = z.infer<typeof Sealed>;
export const CommandEnvelope = Sealed.extend({ delegation: Sealed });
export type CommandEnvelope = z.infer<typeof CommandEnvelope>;

/** State that moves with a role. `sha256` is over the canonical JSON of `body`; the receiver computes it again. */
export const Checkpoint = z.object({
  format: z.literal(1),
  role: RoleName,
  node: NodeId,
  epoch: Epoch,
  /** Grows with each change at one holder; a receiver refuses an older (epoch, version) than it has adopted. */
  version: z.int().min(0),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  body: z.object({
    watermark: Slot,
    /** Raw signed transactions, hexadecimal, oldest first; `droppedCount` of the newest did not fit. */
    pendingTransactions: z.array(z.string().regex(/^0x[0-9a-f]+$/)).max(5_000),
    droppedCount: z.int().min(0),
  }),
});
export type Checkpoint = z.infer<typeof Checkpoint>;

const common = { fleet: FleetId, node: NodeId, challenge: Nonce };
/** Commands that change something carry a nonce that this agent issued, used once. */
const fresh = { ...common, nonce: Nonce };

export const Command = z.discriminatedUnion("kind", [
  /** Asks for a signed report and a fresh nonce; `probe` names peers to look at now rather than at the next round. */
  z.object({ kind: z.literal("report"), ...common, probe: z.array(NodeId).max(16).default([]) }),
  z.object({ kind: z.literal("grant"), ...fresh, grant: Grant }),
  /** "Refuse every epoch up to this one for ever". `after: next-signature` waits for one more signed slot, at most a slot and a half. */
  z.object({ kind: z.literal("fence"), ...fresh, role: RoleName, epoch: Epoch, after: z.enum(["now", "next-signature"]) }),
  /** Is this node able to take the role? Runs the operator's `prepare` hook. */
  z.object({ kind: z.literal("prepare"), ...fresh, role: RoleName }),
  z.object({ kind: z.literal("adopt"), ...fresh, role: RoleName, epoch: Epoch, checkpoint: Checkpoint }),
  /** Runs the operator's `promote` or `demote` hook for the epoch; an older epoch is refused. */
  z.object({ kind: z.literal("promote"), ...fresh, role: RoleName, epoch: Epoch }),
  z.object({ kind: z.literal("demote"), ...fresh, role: RoleName, epoch: Epoch }),
  z.object({ kind: z.literal("checkpoint"), ...common, role: RoleName }),
  ...JOB_COMMANDS,
]);
export type Command = z.infer<typeof Command>;
export type CommandOf<K extends Command["kind"]> = Extract<Command, { kind: K }>;

export const PeerView = z.object({
  node: NodeId,
  reachable: z.boolean(),
  head: Height.nullable(),
  /** Whether the peer's block agrees with this node's own at the same height; null where it cannot be told. */
  agrees: z.boolean().nullable(),
  /** Since the peer's head last moved, as seen from here. */
  stalledForMs: z.number().min(0),
  /** How old this view is. */
  ageMs: z.number().min(0),
  /** How long it has been unreachable from here, 0 when reachable. */
  unreachableForMs: z.number().min(0),
});
export type PeerView = z.infer<typeof PeerView>;

export const AgentRole = z.object({
  role: RoleName,
  /** The highest epoch ever accepted here. */
  epoch: Epoch,
  /** Every epoch up to this one is refused for ever. */
  fencedThrough: Epoch,
  watermark: Slot,
  /** The highest slot ever granted to this agent for the role. */
  throughSlot: Slot,
  grant: z.object({ epoch: Epoch, fromSlot: Slot, throughSlot: Slot, remainingMs: z.number().min(0) }).nullable(),
  /** Since the validator last asked "may I sign"; null if it never did since this boot. */
  askedMsAgo: z.number().min(0).nullable(),
});
export type AgentRole = z.infer<typeof AgentRole>;

export const Report = z.object({
  boot: Boot,
  /** The signed closing record of the boot before, where it shut down cleanly. */
  closed: Boot.nullable(),
  nonce: Nonce,
  wallMs: WallMs,
  /** The node beside this agent, over loopback. `exited` is the agent's own word that the process is gone. */
  self: z.object({
    kind: z.enum(["answering", "refusing", "silent", "malformed"]),
    head: Height.nullable(),
    headHash: Hash.nullable(),
    forMs: z.number().min(0),
  }),
  roles: z.array(AgentRole).max(32),
  peers: z.array(PeerView).max(500),
  host: HostVitals,
  refused: z.object({ replayed: z.int(), stale: z.int(), forged: z.int(), misdirected: z.int() }),
  checkpoint: z.object({ role: RoleName, version: z.int(), sha256: z.string() }).nullable(),
  /** Null where the agent trades no work. */
  work: WorkView.nullable().default(null),
});
export type Report = z.infer<typeof Report>;

const stamp = { fleet: FleetId, node: NodeId, challenge: Nonce, boot: Boot };

export const Reply = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("report"), ...stamp, report: Report }),
  z.object({ kind: z.literal("granted"), ...stamp, role: RoleName, epoch: Epoch, watermark: Slot }),
  z.object({
    kind: z.literal("fenced"),
    ...stamp,
    role: RoleName,
    epoch: Epoch,
    watermark: Slot,
    throughSlot: Slot,
    checkpoint: Checkpoint.nullable(),
  }),
  z.object({ kind: z.literal("prepared"), ...stamp, role: RoleName, able: z.boolean(), reason: z.string(), head: Height.nullable() }),
  z.object({ kind: z.literal("adopted"), ...stamp, role: RoleName, version: z.int(), accepted: z.int(), known: z.int(), rejected: z.int() }),
  z.object({ kind: z.literal("promoted"), ...stamp, role: RoleName, epoch: Epoch }),
  z.object({ kind: z.literal("demoted"), ...stamp, role: RoleName, epoch: Epoch }),
  z.object({ kind: z.literal("checkpoint"), ...stamp, checkpoint: Checkpoint.nullable() }),
  z.object({ kind: z.literal("job"), ...stamp, view: JobView }),
  z.object({ kind: z.literal("scratch"), ...stamp, view: ScratchView }),
  /** The agent understood and says no. `code` is for programs, `reason` for people. */
  z.object({
    kind: z.literal("refused"),
    ...stamp,
    code: z.enum([
      "forged",
      "delegation-expired",
      "replayed",
      "stale-epoch",
      "wrong-role",
      "wrong-audience",
      "store-damaged",
      "hook-failed",
      "checkpoint-invalid",
      "job-refused",
      "too-many-requests",
      "unknown",
    ]),
    reason: z.string(),
  }),
]);
export type Reply = z.infer<typeof Reply>;
export type ReplyOf<K extends Reply["kind"]> = Extract<Reply, { kind: K }>;

/** The validator's question and its answer. A yes is durable before it is given. */
export const SignRequest = z.object({ role: RoleName, slot: Slot });
export const SignAnswer = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("yes"), slot: Slot, epoch: Epoch }),
  z.object({ kind: z.literal("no"), slot: Slot, reason: z.string() }),
]);
export type SignAnswer = z.infer<typeof SignAnswer>;
