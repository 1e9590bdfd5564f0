/** What travels through the backup workflow, and how a step makes sure that its run is still the one under way. */
import * as z from "zod";
import { heldBy, LONG_STEP_MS, RUN_DEADLINE_MS } from "../../../core/backup/asynchronous-backup/source.ts";
import { type BackupSource, type RunningBackup, SourceId } from "../../../core/kernel/backup-source.ts";
import { updateRecord } from "../../../core/kernel/compare-and-set.ts";
import { FleetMismatch, JobRefused, RunStale } from "../../../core/kernel/errors.ts";
import type { FleetNode } from "../../../core/kernel/fleet.ts";
import { FleetId } from "../../../core/kernel/ids.ts";
import type { World } from "../../../core/kernel/ports.ts";
import { JobId, JobResult } from "../../../core/kernel/vault-job.ts";
import { Caught } from "../caught.ts";

export const BackupStep = z.object({
  fleet: FleetId,
  source: SourceId,
  run: JobId,
  result: JobResult.nullable().default(null),
  /** What Step Functions caught: of the backup itself, and of its proof. */
  error: Caught.optional(),
  proofError: Caught.optional(),
  /** Backups that were proven meanwhile, as `<source>/<sequence>`. */
  proven: z.array(z.string().max(100)).max(10_000).default([]),
  decision: z.string().optional(),
  sentence: z.string().max(2_000).optional(),
});
export type BackupStep = z.infer<typeof BackupStep>;

/** Writes what the run does now and extends its deadline. Throws `RunStale` where another run has taken its place. */
export async function holdRun(
  world: World,
  step: Pick<BackupStep, "source" | "run">,
  now: Partial<RunningBackup>,
  forMs = RUN_DEADLINE_MS,
): Promise<RunningBackup> {
  const held = await updateRecord(world.registry, "backupSource", step.source, (cell) => {
    const running = requireHeld(cell, step);
    const next = { ...running, ...now, deadlineMs: Math.max(running.deadlineMs, world.clock.wallMs() + forMs) };
    return { kind: "write" as const, next: { ...(cell as BackupSource), running: next }, running: next };
  });
  return held.running;
}

/** For a step that writes only when it begins. Throws `JobRefused` where somebody has cancelled the run: closing it says so. */
export async function holdForLong(world: World, step: Pick<BackupStep, "source" | "run">, doing: string): Promise<RunningBackup> {
  const running = await holdRun(world, step, { doing }, LONG_STEP_MS);
  if (running.cancel === null) return running;
  throw new JobRefused({ node: step.source, fault: "Cancelled", sentence: `${running.cancel.by} has cancelled it` });
}

export function requireHeld(cell: BackupSource | null, { source, run }: Pick<BackupStep, "source" | "run">): RunningBackup {
  const running = heldBy(cell, run);
  if (running === null)
    throw new RunStale({ what: source, run, found: cell?.running?.run ?? `nothing is under way, the last was ${cell?.last?.run ?? "none"}` });
  return running;
}

/** The node whose directory it is; null for the ledger. */
export function nodeOfSource(world: World, source: string): FleetNode | null {
  const [name, kind] = source.split(".");
  if (kind === "ledger") return null;
  const node = world.fleet.nodes.find(({ id }) => id === name);
  if (node === undefined) throw new FleetMismatch({ what: "the node", found: name ?? source, allowed: world.fleet.nodes.map(({ id }) => id) });
  return node;
}
