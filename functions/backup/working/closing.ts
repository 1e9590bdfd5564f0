/** Ends a run: what it made is written down, told, and measured; what waited meanwhile is asked for again. */
import { type Ending, endRun } from "../../../core/backup/asynchronous-backup/source.ts";
import type { BackupRequest, BackupSource } from "../../../core/kernel/backup-source.ts";
import { type UpdateDecision, updateRecord } from "../../../core/kernel/compare-and-set.ts";
import { RunStale } from "../../../core/kernel/errors.ts";
import type { World } from "../../../core/kernel/ports.ts";
import { causeOf } from "../caught.ts";
import { type BackupStep, requireHeld } from "./step.ts";

const SENTENCE_MAX = 2_000;

type Closing = UpdateDecision<BackupSource> & { readonly ending: Ending; readonly waiting: BackupRequest | null; readonly tookMs: number };

export async function closeBackup(world: World, step: BackupStep): Promise<{ decision: string; reason: string }> {
  const nowMs = world.clock.wallMs();
  const ended = await updateRecord(world.registry, "backupSource", step.source, (cell) => closedCell(cell, step, nowMs));
  const { ending, waiting, tookMs } = ended;
  const { source, run } = step;
  if (ending.outcome === "done") {
    const { sequence, height, sourceBytes, storedBytes } = ending.newest;
    await world.bus.publish("backup.completed", { source, run, sequence, height, sourceBytes, storedBytes, tookMs, reason: ending.sentence });
    world.metrics.count("BackupsCompleted", 1);
    world.metrics.count("BackupsUnproven", isProven(step, ending.newest.sequence) ? 0 : 1);
  } else {
    await world.bus.publish("backup.failed", { source, run, outcome: ending.outcome, reason: ending.sentence });
    world.metrics.count("BackupsFailed", ending.outcome === "failed" ? 1 : 0);
  }
  if (waiting !== null)
    await world.bus.publish("backup.requested", { source, reason: waiting.reason, requestedBy: waiting.by, fullReread: waiting.fullReread });
  return { decision: ending.outcome, reason: ending.sentence };
}

/** A second call for a run that it has ended before tells the same again: the first may have died between the cell and the bus. */
function closedCell(cell: BackupSource | null, step: BackupStep, nowMs: number): Closing {
  if (cell !== null && cell.last?.run === step.run && cell.running?.run !== step.run) {
    const { endedAtMs, tookMs } = cell.last;
    /** What waits beside a new run is that run's. */
    const waiting = cell.running === null ? cell.waiting : null;
    return { kind: "keep", ending: endingOf(step, endedAtMs - tookMs), waiting, tookMs };
  }
  const { startedAtMs, cancel } = requireHeld(cell, step);
  const found = endingOf(step, startedAtMs);
  /** Whatever a cancelled run's step has ended with, it ended because it was cancelled; what was stored before that is a backup. */
  const ending: Ending = cancel !== null && found.outcome === "failed" ? { outcome: "cancelled", sentence: `${cancel.by} has cancelled it` } : found;
  const change = cell === null ? null : endRun(cell, step.run, ending, nowMs);
  if (change === null) throw new RunStale({ what: step.source, run: step.run, found: "it ended meanwhile" });
  const proven = ending.outcome === "done" && isProven(step, ending.newest.sequence) ? { provenSequence: ending.newest.sequence } : {};
  return { kind: "write", ...change, next: { ...change.next, ...proven }, ending, tookMs: Math.max(0, nowMs - startedAtMs) };
}

const isProven = ({ source, proven }: BackupStep, sequence: number): boolean => proven.includes(`${source}/${sequence}`);

function endingOf(step: BackupStep, startedAtMs: number): Ending {
  const { result, error, proofError, decision, sentence } = step;
  if (error !== undefined) return { outcome: "failed", sentence: causeOf(error).slice(0, SENTENCE_MAX) };
  if (result?.kind !== "backup" || decision === "cancelled")
    return { outcome: "cancelled", sentence: (sentence ?? "it was cancelled").slice(0, SENTENCE_MAX) };
  const { sequence, writtenAtMs, height, sourceBytes, storedBytes } = result;
  const skipped = result.skippedCount === 0 ? "" : `; ${result.skippedCount} entries were skipped, such as ${result.skipped[0]}`;
  const [fault] = result.faults;
  const faults = fault === undefined ? "" : `; ${result.faults.length} faults of earlier backups were found, such as: ${fault}`;
  const why = proofError === undefined ? "not all of its packs could be found and opened" : causeOf(proofError);
  const proof = isProven(step, sequence) ? " and proven" : `, NOT PROVEN: ${why}`;
  return {
    outcome: "done",
    newest: { sequence, writtenAtMs, startedAtMs, height, sourceBytes, storedBytes },
    sentence: `backup ${sequence} is stored${proof}${skipped}${faults}`.slice(0, SENTENCE_MAX),
  };
}
