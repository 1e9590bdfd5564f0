/** What the registry keeps of backups: one cell a source, which is also the source's lease, and a record of each drill. */
import * as z from "zod";
import { Height, NodeId, RegionName, WallMs } from "./ids.ts";
import { JobId } from "./vault-job.ts";

export const SourceId = z.string().regex(/^[a-z][a-z0-9-]{0,31}\.(directory|ledger)$/, "<node>.directory or <fleet>.ledger");
/** More than a queue has under way for one source. */
export const TAKEN_MAX = 32;

export const BackupRequest = z.object({
  run: JobId,
  atMs: WallMs,
  by: z.string().max(256),
  reason: z.string().max(1_000),
  fullReread: z.boolean(),
});
export type BackupRequest = z.infer<typeof BackupRequest>;

export const RunningBackup = BackupRequest.extend({
  startedAtMs: WallMs,
  /** Until when its execution is believed to work on it; after that another request takes its place. */
  deadlineMs: WallMs,
  doing: z.string().max(200),
  files: z.int().min(0),
  bytes: z.int().min(0),
  cancel: z.object({ by: z.string().max(256), atMs: WallMs }).nullable(),
});
export type RunningBackup = z.infer<typeof RunningBackup>;

export const NewestBackup = z.object({
  sequence: z.int().min(1),
  writtenAtMs: WallMs,
  /** When its reading began: what happened later is not in it. */
  startedAtMs: WallMs,
  height: Height.nullable(),
  sourceBytes: z.int().min(0),
  storedBytes: z.int().min(0),
});
export type NewestBackup = z.infer<typeof NewestBackup>;

export const BackupSource = z.object({
  source: SourceId,
  running: RunningBackup.nullable(),
  /** Asked for while another run was under way; stands until a run is started, which takes it along. */
  waiting: BackupRequest.nullable(),
  /** Nothing is started while this stands. */
  draining: z.object({ by: z.string().max(256), atMs: WallMs }).nullable(),
  /** Requests that were taken lately, the newest last: what a queue delivers again is known by its name. */
  taken: z.array(JobId).max(TAKEN_MAX).default([]),
  newest: NewestBackup.nullable(),
  fullReadAtMs: WallMs.nullable(),
  last: z
    .object({
      run: JobId,
      endedAtMs: WallMs,
      tookMs: z.number().min(0),
      outcome: z.enum(["done", "failed", "cancelled"]),
      sentence: z.string().max(2_000),
    })
    .nullable(),
  /** Sequences that a proof found whole, the newest of them. */
  provenSequence: z.int().min(0),
});
export type BackupSource = z.infer<typeof BackupSource>;

/** Key: `<13 digits of startedAtMs>-<id>`. */
export const Drill = z.object({
  id: JobId,
  source: SourceId,
  sequence: z.int().min(0),
  /** Where it was restored from, and on whose host. */
  region: RegionName.nullable(),
  node: NodeId,
  by: z.string().max(256),
  startedAtMs: WallMs,
  endedAtMs: WallMs.nullable(),
  /** `restored`: asked for as a restore onto a node, and nothing was booted. */
  status: z.enum(["running", "proven", "restored", "failed"]),
  doing: z.string().max(200),
  files: z.int().min(0),
  bytes: z.int().min(0),
  /** One sentence for each check that was made. */
  checks: z.array(z.object({ name: z.string(), held: z.boolean(), found: z.string().max(500) })).max(32),
  sentence: z.string().max(2_000),
  figures: z
    .object({
      /** From the newest block that was booted to the network's when the drill began. */
      rpoSeconds: z.number().min(0),
      rpoBlocks: z.int().min(0),
      /** From the drill's begin to a node that has caught up. */
      rtoMs: z.number().min(0),
      restoreMs: z.number().min(0),
      bootMs: z.number().min(0),
      catchUpMs: z.number().min(0),
      restoredBytes: z.int().min(0),
      restoredBytesPerSecond: z.number().min(0),
      caughtUpBlocks: z.int().min(0),
      caughtUpBlocksPerSecond: z.number().min(0).nullable(),
    })
    .nullable(),
});
export type Drill = z.infer<typeof Drill>;
