/** Ends a run: what it made is written down, told, and measured; what waited meanwhile is asked for again. */
import { type Ending, endRun } from "../../../core/backup/asynchronous-backup/source.ts";
import { updateRecord } from "../../../core/kernel/compare-and-set.ts";
import { RunStale } from "../../../core/kernel/errors.ts";
import type { World } from "../../../core/kernel/ports.ts";
import { causeOf } from "../caught.ts";
import { type BackupStep, requireHeld } from "./step.ts";

const SENTENCE_MAX = 2_000;

export async function closeBackup(world: World, step: BackupStep): Promise<{ decision: string; reason: string }> {
  const nowMs = world.clock.wallMs();
  const ended = await updateRecord(world.registry, "backupSource", step.source, (cell) => {
    const running = requireHeld(cell, step);
    const ending = endingOf(step, running.startedAtMs);
    const change = cell === null ? null : endRun(cell, step.run, ending, nowMs);
    if (change === null) throw new RunStale({ what: step.source, run: step.run, found: "it ended meanwhile" });
    const isProven = ending.outcome === "done" && step.proven.includes(`${step.source}/${ending.newest.sequence}`);
    const next = isProven ? { ...change.next, provenSequence: ending.newest.sequence } : change.next;
    return { kind: "write" as const, ...change, next, ending, tookMs: Math.max(0, nowMs - running.startedAtMs) };
  });
  const { ending, waiting, tookMs } = ended;
  const { source, run } = step;
  if (ending.outcome === "done") {
    const { sequence, height, sourceBytes, storedBytes } = ending.newest;
    await world.bus.publish("backup.completed", { source, run, sequence, height, sourceBytes, storedBytes, tookMs, reason: ending.sentence });
    world.metrics.count("BackupsCompleted", 1);
    world.metrics.count("BackupsUnproven", step.proofError === undefined ? 0 : 1);
  } else {
    await world.bus.publish("backup.failed", { source, run, outcome: ending.outcome, reason: ending.sentence });
    world.metrics.count("BackupsFailed", ending.outcome === "failed" ? 1 : 0);
  }
  if (waiting !== null)
    await world.bus.publish("backup.requested", { source, reason: waiting.reason, requestedBy: waiting.by, fullReread: waiting.fullReread });
  return { decision: ending.outcome, reason: ending.sentence };
}

function endingOf({ result, error, proofError, decision, sentence }: BackupStep, startedAtMs: number): Ending {
  if (error !== undefined) return { outcome: "failed", sentence: causeOf(error).slice(0, SENTENCE_MAX) };
  if (result?.kind !== "backup" || decision === "cancelled")
    return { outcome: "cancelled", sentence: (sentence ?? "it was cancelled").slice(0, SENTENCE_MAX) };
  const { sequence, writtenAtMs, height, sourceBytes, storedBytes } = result;
  const skipped = result.skippedCount === 0 ? "" : `; ${result.skippedCount} entries were skipped, such as ${result.skipped[0]}`;
  return {
    outcome: "done",
    newest: { sequence, writtenAtMs, startedAtMs, height, blockHash: null, sourceBytes, storedBytes },
    sentence: `backup ${sequence} is stored${proofError === undefined ? " and proven" : `, NOT PROVEN: ${causeOf(proofError)}`}${skipped}`.slice(
      0,
      SENTENCE_MAX,
    ),
  };
}
