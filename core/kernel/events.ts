/**
 * What we put on the bus and what we accept from it. EventBridge source `synnergy.ha`, detail-type as named here.
 * Published as JSON Schema under schemas/events/; a change that is not an addition raises `schema`.
 */
import * as z from "zod";
import { SourceId } from "./backup-source.ts";
import { UnitId } from "./capacity.ts";
import { Epoch, FleetId, GroupName, IncidentId, NodeId, RegionName, RoleName, Slot, WallMs } from "./ids.ts";
import { Evidence, IncidentKind, IncidentStatus } from "./incident.ts";
import { NetworkState, VerdictKind } from "./node.ts";
import { AlertId, Level, OutcomeKind, PredictionId, PreemptionStep } from "./prediction.ts";
import { ScalingKind } from "./scaling.ts";
import { JobId } from "./vault-job.ts";

export const EVENT_SOURCE = "synnergy.ha";

const head = { schema: z.literal(1), id: z.string().min(8).max(64), fleet: FleetId, atMs: WallMs, region: RegionName };

/** Name → detail. The names are module.past-participle. */
export const EVENTS = {
  "failover.verdict-changed": z.object({
    ...head,
    observer: RegionName,
    node: NodeId,
    from: VerdictKind.nullable(),
    to: VerdictKind,
    reason: z.string(),
  }),
  "failover.network-state-changed": z.object({ ...head, observer: RegionName, from: NetworkState, to: NetworkState, reason: z.string() }),
  "failover.shard-taken": z.object({ ...head, observer: RegionName, shard: z.string(), owner: z.string(), gapMs: z.number().nullable() }),
  /** A quorum says that the holder of a role is gone. Starts the failover workflow. */
  "failover.node-condemned": z.object({ ...head, node: NodeId, role: RoleName, evidence: Evidence }),
  /**
   * A role has no lease to trust, its workflow was abandoned, or nobody renews its lease any more. Starts the failover workflow. `lapsed`
   * names the renewal that nobody followed up: once the lease has moved on, what was said is stale.
   */
  "failover.role-unheld": z.object({
    ...head,
    role: RoleName,
    kind: z.enum(["establish", "abandoned", "lapsed"]),
    reason: z.string(),
    lapsed: z.object({ epoch: z.int().min(0), renewal: z.int().min(0) }).nullish(),
  }),
  /** IN: another system, or a person, asks for a move. Starts the failover workflow. */
  "failover.requested": z.object({
    fleet: FleetId,
    role: RoleName,
    kind: z.enum(["failover", "switchover"]).default("switchover"),
    to: NodeId.optional(),
    reason: z.string().max(1_000).default("asked for by an event"),
    requestedBy: z.string().max(256).default("event"),
    /** A person decides, whatever the role's mode allows. */
    askFirst: z.boolean().default(false),
    /** Away from this node; nothing is moved where it holds the role no more. */
    from: NodeId.optional(),
  }),
  "failover.incident-opened": z.object({
    ...head,
    incident: IncidentId,
    role: RoleName,
    kind: IncidentKind,
    from: NodeId.nullable(),
    to: NodeId.nullable(),
    reason: z.string(),
  }),
  "failover.approval-requested": z.object({
    ...head,
    incident: IncidentId,
    role: RoleName,
    to: NodeId.nullable(),
    expiresAtMs: WallMs,
    reason: z.string(),
  }),
  "failover.primary-fenced": z.object({
    ...head,
    incident: IncidentId,
    role: RoleName,
    node: NodeId.nullable(),
    how: z.enum(["acknowledged", "waited-out"]),
    fromSlot: Slot,
    reason: z.string(),
  }),
  "failover.lease-taken": z.object({ ...head, incident: IncidentId, role: RoleName, node: NodeId, epoch: Epoch, fromSlot: Slot }),
  "failover.role-promoted": z.object({ ...head, incident: IncidentId, role: RoleName, node: NodeId, epoch: Epoch }),
  "failover.signing-verified": z.object({
    ...head,
    incident: IncidentId,
    role: RoleName,
    node: NodeId,
    signed: z.boolean(),
    slot: Slot.nullable(),
    reason: z.string(),
  }),
  "failover.route-published": z.object({ ...head, incident: IncidentId, version: z.int(), reason: z.string() }),
  "failover.incident-closed": z.object({ ...head, incident: IncidentId, role: RoleName, status: IncidentStatus, reason: z.string() }),
  "failover.node-readmitted": z.object({ ...head, node: NodeId, reason: z.string() }),
  "failover.mode-changed": z.object({ ...head, role: RoleName, mode: z.string(), setBy: z.string() }),
  /** IN: somebody asks for a backup, of one source or of all. Goes through the queue. */
  "backup.requested": z.object({
    fleet: FleetId,
    source: SourceId.optional(),
    reason: z.string().max(1_000).default("asked for by an event"),
    requestedBy: z.string().max(256).default("event"),
    fullReread: z.boolean().default(false),
  }),
  "backup.completed": z.object({
    ...head,
    source: SourceId,
    run: JobId,
    sequence: z.int(),
    height: z.int().nullable(),
    sourceBytes: z.int(),
    storedBytes: z.int(),
    tookMs: z.number(),
    reason: z.string(),
  }),
  "backup.failed": z.object({ ...head, source: SourceId, run: JobId, outcome: z.enum(["failed", "cancelled"]), reason: z.string() }),
  /** A drill restored a backup, booted it and caught up: these figures are proven, not planned. */
  "backup.restore-proven": z.object({
    ...head,
    drill: JobId,
    source: SourceId,
    sequence: z.int(),
    from: RegionName,
    node: NodeId,
    rpoSeconds: z.number(),
    rpoBlocks: z.int(),
    rtoMs: z.number(),
    restoredBytesPerSecond: z.number(),
    caughtUpBlocksPerSecond: z.number().nullable(),
    reason: z.string(),
  }),
  "backup.drill-failed": z.object({ ...head, drill: JobId, source: SourceId, node: NodeId, reason: z.string() }),
  "backup.copies-audited": z.object({
    ...head,
    copies: z.array(
      z.object({ region: RegionName, status: z.string(), lagSeconds: z.number(), missing: z.int(), repaired: z.int(), damaged: z.int() }),
    ),
    reason: z.string(),
  }),
  /** A node will fail within the horizon, or may. Starts the preempt workflow. */
  "prediction.node-endangered": z.object({
    ...head,
    node: NodeId,
    role: RoleName.nullable(),
    prediction: PredictionId,
    probability: z.number(),
    level: Level,
    horizonMs: z.int(),
    reason: z.string(),
  }),
  "prediction.preemption-changed": z.object({ ...head, node: NodeId, prediction: PredictionId, step: PreemptionStep, reason: z.string() }),
  "prediction.outcome-scored": z.object({ ...head, node: NodeId, prediction: PredictionId, outcome: OutcomeKind, reason: z.string() }),
  /** IN: somebody asks that a model be trained now. Read in the home Region. */
  "prediction.training-requested": z.object({
    fleet: FleetId,
    reason: z.string().max(1_000).default("asked for by an event"),
    requestedBy: z.string().max(256).default("event"),
  }),
  "prediction.alert-opened": z.object({ ...head, alert: AlertId, node: NodeId, signal: z.string(), reason: z.string() }),
  "prediction.alert-resolved": z.object({ ...head, alert: AlertId, node: NodeId, signal: z.string(), reason: z.string() }),
  /** A group should have more or fewer units; in mode `auto` it follows. */
  "scaling.change-decided": z.object({
    ...head,
    group: GroupName,
    kind: ScalingKind,
    before: z.int(),
    after: z.int(),
    acts: z.boolean(),
    by: z.enum(["forecast", "adaptive"]),
    reason: z.string(),
  }),
  "scaling.group-resized": z.object({ ...head, group: GroupName, before: z.int(), after: z.int(), reason: z.string() }),
  "scaling.unit-admitted": z.object({ ...head, group: GroupName, unit: UnitId, tookMs: z.number(), reason: z.string() }),
  "scaling.unit-abandoned": z.object({ ...head, group: GroupName, unit: UnitId, reason: z.string() }),
  "scaling.unit-removed": z.object({ ...head, group: GroupName, unit: UnitId, reason: z.string() }),
  "scaling.order-failed": z.object({ ...head, group: GroupName, reason: z.string() }),
} as const;

export type EventName = keyof typeof EVENTS;
export type EventDetail<N extends EventName> = z.infer<(typeof EVENTS)[N]>;
type Head = "schema" | "id" | "fleet" | "atMs" | "region";
/** What a caller says; the bus adapter adds the head (schema, id, fleet, time, Region). */
export type Said<N extends EventName> = Omit<EventDetail<N>, Head>;
