/** `ha backup drill`, and a restore onto a node: starts the workflow and stays until its record says that it is over. */
import type { Drill } from "../../core/kernel/backup-source.ts";
import { sourcesOf } from "../../core/kernel/vault-rules.ts";
import { type Answer, type Io, numberOption, type Operations, type Options } from "../command.ts";
import { CommandFailed, EXIT } from "../exit-codes.ts";
import { bytes } from "../render/bytes.ts";
import { ProgressLine } from "../render/progress-line.ts";
import { span } from "../render/time.ts";
import { requireFleet } from "./open-vault.ts";
import { BEGIN_MS, POLL_MS, WAIT_SECONDS } from "./waits.ts";
import { sourceNamed } from "./which.ts";

const LOOKED_AT_MAX = 20;

export async function drillNow(operations: Operations, io: Io, options: Options, typed: string | undefined): Promise<Answer> {
  const fleet = requireFleet(operations);
  if (fleet.vault?.backups?.drill === undefined)
    throw new CommandFailed({
      code: EXIT.notFound,
      sentence: "the fleet file names no host for drills.",
      next: "docs/backup.md says what to add under vault.backups.drill.",
    });
  const source = typed === undefined ? {} : { source: sourceNamed(sourcesOf(fleet), typed) };
  if (options.wait === false) {
    const name = await startDrill(operations, source);
    return { data: { schema: 1, drill: name }, text: `The drill ${name} has started. \`ha backup list\` shows how it ended.` };
  }
  const ended = await runDrill(operations, io, source, (numberOption(options, "timeout") ?? WAIT_SECONDS) * 1_000);
  const isProven = ended.status === "proven";
  const checks = ended.checks.map(
    ({ name: check, held, found }) => `  ${held ? io.paint.green("held") : io.paint.red("BROKEN")}  ${check}: ${found}`,
  );
  const lines = [isProven ? io.paint.green(ended.sentence) : io.paint.red(ended.sentence), ...checks, ...figureLines(ended)];
  return { data: { schema: 1, drill: ended }, text: lines.join("\n"), exit: isProven ? EXIT.ok : EXIT.failed };
}

async function startDrill(
  { clock, entropy, workflows, requestedBy: by, fleetName: fleet }: Operations,
  input: Record<string, unknown>,
): Promise<string> {
  const what = input.restoreOnly === true ? "restore" : "drill";
  const name = `${what}-${clock.wallMs()}-${Buffer.from(entropy.bytes(4)).toString("hex")}`;
  await workflows.startNamed("drill", name, { fleet, by, ...input });
  return name;
}

/** Starts it and stays; answers its record when it is over. */
export async function runDrill(operations: Operations, io: Io, input: Record<string, unknown>, timeoutMs: number): Promise<Drill> {
  const id = await startDrill(operations, input);
  const { clock, registry } = operations;
  const startMs = clock.monotonicMs();
  const line = new ProgressLine(io.err, () => clock.monotonicMs());
  try {
    for (;;) {
      const newest = await registry.list("drill", { limit: LOOKED_AT_MAX, newestFirst: true });
      const found = newest.find(({ value }) => value.id === id)?.value;
      if (found !== undefined && found.status !== "running") return found;
      const waitedMs = clock.monotonicMs() - startMs;
      if (found === undefined && waitedMs > BEGIN_MS) throw silent(id);
      if (waitedMs > timeoutMs || io.signal.aborted) throw unfinished();
      line.show(found?.doing ?? "starting", found?.bytes ?? 0, null);
      await clock.sleep(POLL_MS, io.signal);
    }
  } finally {
    line.clear();
  }
}

const silent = (id: string): CommandFailed =>
  new CommandFailed({
    code: EXIT.failed,
    sentence: `${id} was started and wrote nothing down.`,
    next: "Read its execution in the Step Functions console.",
  });
const unfinished = (): CommandFailed =>
  new CommandFailed({ code: EXIT.unfinished, sentence: "it goes on; the watching has ended.", next: "`ha backup list` shows how it ends." });

function figureLines({ figures }: Drill): string[] {
  if (figures === null) return [];
  const { restoreMs, bootMs, catchUpMs, restoredBytes, restoredBytesPerSecond, caughtUpBlocks, caughtUpBlocksPerSecond } = figures;
  const rate = caughtUpBlocksPerSecond === null ? "" : ` (${caughtUpBlocksPerSecond.toFixed(0)} blocks/s)`;
  const restored = `restored ${bytes(restoredBytes)} in ${span(restoreMs)} (${bytes(restoredBytesPerSecond)}/s)`;
  return [`  ${restored}, booted in ${span(bootMs)}, caught up ${caughtUpBlocks} blocks in ${span(catchUpMs)}${rate}`];
}
