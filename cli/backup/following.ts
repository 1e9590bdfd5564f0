/** Asks for backups, or for an end, and stays until it is over: the cell in the registry says how far it is. */
import { newSource, operateSource, type SourceOperation } from "../../core/backup/asynchronous-backup/source.ts";
import type { BackupSource } from "../../core/kernel/backup-source.ts";
import { updateRecord } from "../../core/kernel/compare-and-set.ts";
import { sourcesOf } from "../../core/kernel/vault-rules.ts";
import { type Answer, type Io, numberOption, type Operations, type Options } from "../command.ts";
import { CommandFailed, EXIT } from "../exit-codes.ts";
import { bytes } from "../render/bytes.ts";
import { ProgressLine } from "../render/progress-line.ts";
import { span } from "../render/time.ts";
import { requireFleet } from "./open-vault.ts";
import { BEGIN_MS, POLL_MS, WAIT_SECONDS } from "./waits.ts";
import { sourceNamed } from "./which.ts";

export async function backUpNow(operations: Operations, io: Io, options: Options, typed: string | undefined): Promise<Answer> {
  const fleet = requireFleet(operations);
  const known = sourcesOf(fleet);
  if (known.length === 0)
    throw new CommandFailed({
      code: EXIT.notFound,
      sentence: `fleet ${fleet.fleet}'s file names nothing to back up.`,
      next: "docs/backup.md says what to add under vault.backups.",
    });
  const sources = typed === undefined ? known : [sourceNamed(known, typed)];
  const before = await cellsOf(operations, sources);
  const drained = before.find((cell) => cell?.draining);
  if (drained?.draining)
    throw new CommandFailed({
      code: EXIT.refused,
      sentence: `${drained.source} is drained by ${drained.draining.by}: nothing is started.`,
      next: "`ha backup resume` lets backups go on.",
    });
  for (const source of sources) {
    const reason = `${operations.requestedBy} asked for it`;
    await operations.bus.publish("backup.requested", {
      source: source as BackupSource["source"],
      reason,
      requestedBy: operations.requestedBy,
      fullReread: options.full === true,
    });
  }
  if (options.wait === false)
    return { data: { schema: 1, sources }, text: `Asked for: ${sources.join(", ")}. \`ha backup list\` shows how far it is.` };
  const ended = await untilEnded(operations, io, {
    sources,
    before,
    timeoutMs: (numberOption(options, "timeout") ?? WAIT_SECONDS) * 1_000,
  });
  const lines = ended.map(({ source, last, newest }) => {
    if (last === null || last.outcome !== "done") return io.paint.red(`${source}: ${last?.outcome ?? "not ended"}: ${last?.sentence ?? ""}`);
    const size = newest === null ? "" : `: ${bytes(newest.sourceBytes)}, ${bytes(newest.storedBytes)} new`;
    return `${io.paint.bold(source)}  ${last.sentence}${newest?.height == null ? "" : `, final at block ${newest.height}`}${size}, in ${span(last.tookMs)}`;
  });
  const isWell = ended.every(({ last }) => last?.outcome === "done");
  return { data: { schema: 1, sources: ended }, text: lines.join("\n"), exit: isWell ? EXIT.ok : EXIT.failed };
}

async function cellsOf({ registry }: Operations, sources: readonly string[]): Promise<(BackupSource | null)[]> {
  const found = await Promise.all(sources.map((source) => registry.read("backupSource", source)));
  return found.map((each) => (each.kind === "found" ? each.value : null));
}

type Asked = {
  readonly sources: readonly string[];
  readonly before: readonly (BackupSource | null)[];
  readonly timeoutMs: number;
};

async function untilEnded(operations: Operations, io: Io, { sources, before, timeoutMs }: Asked): Promise<BackupSource[]> {
  const { clock } = operations;
  const startMs = clock.monotonicMs();
  const line = new ProgressLine(io.err, () => clock.monotonicMs());
  try {
    for (;;) {
      const cells = await cellsOf(operations, sources);
      const isOver = cells.map(
        (cell, index) => cell !== null && cell.running === null && cell.waiting === null && cell.last?.run !== before[index]?.last?.run,
      );
      if (isOver.every(Boolean)) return cells as BackupSource[];
      const running = cells.flatMap((cell) => (cell?.running ? [cell] : []));
      const waitedMs = clock.monotonicMs() - startMs;
      if (running.length === 0 && !isOver.some(Boolean) && waitedMs > BEGIN_MS) throw notBegun(sources);
      if (waitedMs > timeoutMs || io.signal.aborted) throw unfinished();
      const [first] = running;
      const total = first?.newest?.sourceBytes ?? null;
      line.show(first?.running ? `${first.source}: ${first.running.doing}` : "asking", first?.running?.bytes ?? 0, total);
      await clock.sleep(POLL_MS, io.signal);
    }
  } finally {
    line.clear();
  }
}

const notBegun = (sources: readonly string[]): CommandFailed =>
  new CommandFailed({
    code: EXIT.failed,
    sentence: `no run of ${sources.join(", ")} has begun within ${BEGIN_MS / 1_000} s of being asked for.`,
    next: "start-backup's log says why; a request that was refused five times is in the queue's dead letters.",
  });
const unfinished = (): CommandFailed =>
  new CommandFailed({
    code: EXIT.unfinished,
    sentence: "the backup goes on; the watching has ended.",
    next: "`ha backup list` shows how far it is.",
  });

/** `cancel` ends what is under way, `drain` lets it end and starts nothing more, `resume` ends that. */
export async function cancelBackups(operations: Operations, typed: string | undefined, what: SourceOperation): Promise<Answer> {
  const known = sourcesOf(requireFleet(operations));
  const sources = typed === undefined ? known : [sourceNamed(known, typed)];
  const { registry, clock, requestedBy: by } = operations;
  const done: string[] = [];
  for (const source of sources) {
    const atMs = clock.wallMs();
    const changed = await updateRecord(registry, "backupSource", source, (cell) => {
      const next = operateSource(cell ?? newSource(source), what, { by, atMs });
      return next === null ? { kind: "keep" as const } : { kind: "write" as const, next };
    });
    if (changed.kind === "write") done.push(source);
  }
  const text = {
    cancel: `Cancelled what is under way: ${done.join(", ") || "nothing"}. What was stored stays and is used by the next run.`,
    drain: `Drained: ${done.join(", ") || "all were already"}. What is under way ends; nothing more is started until \`ha backup resume\`.`,
    resume: `Backups go on: ${done.join(", ") || "nothing was drained"}.`,
  }[what];
  return { data: { schema: 1, action: what, sources: done }, text };
}
