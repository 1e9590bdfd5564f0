/**
 * Everything that is kept between runs, by kind. One cell is one item; every write is conditional on the revision that
 * was read. No transactions, no secondary local indexes and no TTL on registry kinds: a strongly consistent global
 * table has none of them. Kinds marked `transient` live in the vitals table, which has TTL, and may be lost.
 */
import * as z from "zod";
import { Checkpoint } from "./agent-protocol.ts";
import { BackupSource, Drill } from "./backup-source.ts";
import { EnrolledNode } from "./enrolment.ts";
import { HostVitals } from "./host-vitals.ts";
import { Height, IncidentId, NodeId, RegionName, RoleName, WallMs } from "./ids.ts";
import { Incident, IncidentStatus, JournalEntry } from "./incident.ts";
import { Lease } from "./lease.ts";
import { LiveModel } from "./live-model.ts";
import { Mode } from "./mode.ts";
import { NetworkState, Verdict } from "./node.ts";
import { Alert, Foreseen, Foresight, OpenAlerts, Prediction, Preemption, SignalStates } from "./prediction.ts";
import { ForecasterState, ScalingCell, ScalingDecision } from "./scaling.ts";
import { VaultSigner } from "./vault-signer.ts";

/** Key: role. At most one open incident a role; the cell's condition is what makes it so. */
export const RoleIncident = z.object({
  role: RoleName,
  open: IncidentId.nullable(),
  last: z.object({ id: IncidentId, status: IncidentStatus, endedAtMs: WallMs }).nullable(),
});
/** Key: role. What an operator set over the fleet file's mode. */
export const RoleMode = z.object({ role: RoleName, mode: Mode, setBy: z.string(), atMs: WallMs });
/** Key: `all`. The failovers that were carried out, newest last, for the budget. */
export const FailoverLedger = z.object({
  recent: z.array(z.object({ role: RoleName, incident: IncidentId, atMs: WallMs, endedAtMs: WallMs.nullable() })).max(200),
});
/** Key: `<observer>/<shard>`. Which run of watch-fleet watches the shard. */
export const Shard = z.object({
  observer: RegionName,
  shard: z.string(),
  owner: z.string(),
  processId: z.int(),
  epoch: z.int(),
  nodes: z.array(NodeId),
  tookAtMs: WallMs,
  beatAtMs: WallMs,
  network: NetworkState,
});
/** Key: node. Whether automation may count on the node. */
export const Standing = z.object({
  node: NodeId,
  standing: z.enum(["member", "out", "probation"]),
  sinceMs: WallMs,
  incident: IncidentId.nullable(),
  reason: z.string(),
});
export type Standing = z.infer<typeof Standing>;
/** Key: `current`. Who serves what, published whole; a reader keeps the last good version. */
export const Route = z.object({
  version: z.int().min(1),
  holders: z.array(z.object({ role: RoleName, node: NodeId, epoch: z.int() })),
  work: z.array(z.object({ node: NodeId, units: z.int().min(0) })),
  fairness: z.number(),
  incident: IncidentId.nullable(),
  publishedAtMs: WallMs,
  reason: z.string(),
});
export type Route = z.infer<typeof Route>;
/** Key: operator's name. The token itself is never stored. */
export const Operator = z.object({
  name: z.string().min(1).max(64),
  tokenHash: z.string().startsWith("$argon2id$"),
  failures: z.int().min(0),
  lockedUntilMs: WallMs,
  createdAtMs: WallMs,
});
export type Operator = z.infer<typeof Operator>;

/** Key: `<observer>/<node>`. What a detector needs to go on after a cold start. */
export const Window = z.object({ observer: RegionName, node: NodeId, atMs: WallMs, state: z.record(z.string(), z.unknown()) });
/** Key: `<node>/<observer>/<atMs, 13 digits>`. A minute (or what the fleet file says) in one item. */
export const Vitals = z.object({
  node: NodeId,
  observer: RegionName,
  atMs: WallMs,
  probes: z.int(),
  answered: z.int(),
  latencyMsMedian: z.number().nullable(),
  latencyMsMax: z.number().nullable(),
  head: Height.nullable(),
  lagBlocksMax: z.int().nullable(),
  peers: z.int().nullable(),
  blockIntervalMs: z.number().nullable(),
  host: HostVitals.nullable(),
});
export type Vitals = z.infer<typeof Vitals>;
/** Key: `<node>/<observer>/<atMs, 13 digits>`. What CloudWatch has of the metrics that the fleet file names, by the beginning of their period. */
export const MetricMinute = z.object({ node: NodeId, observer: RegionName, atMs: WallMs, values: z.record(z.string().max(64), z.number()) });
export type MetricMinute = z.infer<typeof MetricMinute>;
/** Key: `<atMs, 13 digits>-<id>`. The bus, as it went by. */
export const BusEvent = z.object({ name: z.string(), atMs: WallMs, id: z.string(), region: z.string(), detail: z.record(z.string(), z.unknown()) });
export type BusEvent = z.infer<typeof BusEvent>;

export const RECORDS = {
  lease: { shape: Lease, transient: false },
  incident: { shape: Incident, transient: false },
  roleIncident: { shape: RoleIncident, transient: false },
  /** Key: `<incident>/<atMs, 13 digits>-<step>`. */
  journal: { shape: JournalEntry, transient: false },
  /** Key: `<node>/<observer>`. */
  verdict: { shape: Verdict, transient: false },
  roleMode: { shape: RoleMode, transient: false },
  failovers: { shape: FailoverLedger, transient: false },
  shard: { shape: Shard, transient: false },
  standing: { shape: Standing, transient: false },
  route: { shape: Route, transient: false },
  operator: { shape: Operator, transient: false },
  /** Key: role. The newest state that the holder gave for safe keeping. */
  checkpoint: { shape: Checkpoint, transient: false },
  /** Key: source. */
  backupSource: { shape: BackupSource, transient: false },
  drill: { shape: Drill, transient: false },
  vaultSigner: { shape: VaultSigner, transient: false },
  prediction: { shape: Prediction, transient: false },
  preemption: { shape: Preemption, transient: false },
  foreseen: { shape: Foreseen, transient: false },
  foresight: { shape: Foresight, transient: false },
  alert: { shape: Alert, transient: false },
  openAlerts: { shape: OpenAlerts, transient: false },
  enrolledNode: { shape: EnrolledNode, transient: false },
  scalingCell: { shape: ScalingCell, transient: false },
  scalingDecision: { shape: ScalingDecision, transient: false },
  forecasterState: { shape: ForecasterState, transient: true },
  liveModel: { shape: LiveModel, transient: false },
  signalStates: { shape: SignalStates, transient: true },
  window: { shape: Window, transient: true },
  vitals: { shape: Vitals, transient: true },
  metricMinute: { shape: MetricMinute, transient: true },
  event: { shape: BusEvent, transient: true },
} as const;

export type RecordKind = keyof typeof RECORDS;
export type RecordOf<K extends RecordKind> = z.infer<(typeof RECORDS)[K]["shape"]>;

export const pad = (atMs: number): string => String(Math.trunc(atMs)).padStart(13, "0");
