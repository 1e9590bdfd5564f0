/** What is written down about a fault: the incident, the journal that explains it, and why it was believed. */
import * as z from "zod";
import { Epoch, FleetId, IncidentId, NodeId, RoleName, Slot, WallMs } from "./ids.ts";
import { Mode } from "./mode.ts";
import { VerdictKind } from "./node.ts";

/** One voter's word. Observers are Regions, peers are other nodes' agents, self is the agent beside the node. */
export const Vote = z.object({
  voter: z.string(),
  kind: z.enum(["observer", "peer", "self"]),
  down: z.boolean(),
  reason: z.string(),
});
export type Vote = z.infer<typeof Vote>;

/** The quorum's arithmetic as it stood, stored with the incident so that anyone can check the sum. */
export const Evidence = z.object({
  node: NodeId,
  verdict: VerdictKind,
  votes: z.array(Vote),
  needed: z.int().min(1),
  eligible: z.int().min(1),
  reason: z.string(),
  /** When the first voter began to suspect, and when the quorum was reached: wall time, for people. */
  suspectedAtMs: WallMs,
  condemnedAtMs: WallMs,
});
export type Evidence = z.infer<typeof Evidence>;

export const IncidentKind = z.enum(["failover", "switchover", "establish", "alarm"]);
export type IncidentKind = z.infer<typeof IncidentKind>;

/** `open` and `awaiting-approval` are open; every other status is an end. `recorded` is shadow and recommend: nothing was moved. */
export const IncidentStatus = z.enum(["open", "awaiting-approval", "resolved", "recorded", "rejected", "expired", "withdrawn", "escalated"]);
export type IncidentStatus = z.infer<typeof IncidentStatus>;
export const isOpen = (status: IncidentStatus): boolean => status === "open" || status === "awaiting-approval";

export const Incident = z.object({
  id: IncidentId,
  fleet: FleetId,
  role: RoleName,
  kind: IncidentKind,
  status: IncidentStatus,
  mode: Mode,
  reason: z.string(),
  requestedBy: z.string(),
  openedAtMs: WallMs,
  endedAtMs: WallMs.nullable(),
  from: NodeId.nullable(),
  to: NodeId.nullable(),
  /** Successors that were tried and did not sign; they are not elected again in this incident. */
  burned: z.array(NodeId),
  /** Where the role went at the end, under which epoch, from which slot. */
  outcome: z.object({ holder: NodeId, epoch: Epoch, firstSlot: Slot, missedSlots: z.int() }).nullable(),
  evidence: Evidence.nullable(),
  /** The execution that works on it, and until when it is believed to; after that another one resumes. */
  owner: z.string(),
  ownerDeadlineMs: WallMs,
  approval: z.object({ taskToken: z.string(), region: z.string(), expiresAtMs: WallMs, decidedBy: z.string().nullable() }).nullable(),
});
export type Incident = z.infer<typeof Incident>;

/** One line of an incident's journal. `text` is what a person reads. */
export const JournalEntry = z.object({
  incident: IncidentId,
  atMs: WallMs,
  /** The workflow's state, or the component that speaks. */
  step: z.string(),
  kind: z.string(),
  text: z.string(),
  /** How long the step took, by the clock of who did it. */
  tookMs: z.number().nullable(),
  facts: z.record(z.string(), z.unknown()),
});
export type JournalEntry = z.infer<typeof JournalEntry>;
