/** Asks on the bus that a model be trained, and stays until the registry says what came of it. */
import type { ModelCandidate } from "../core/kernel/live-model.ts";
import { type Answer, type Io, numberOption, type Operations, type Options } from "./command.ts";
import { CommandFailed, EXIT, type ExitCode } from "./exit-codes.ts";

/** As long as a run of train-model may take. */
export const TRAIN_WAIT_SECONDS = 900;
const POLL_MS = 2_000;

const EXITS: Readonly<Record<ModelCandidate["decision"], ExitCode>> = {
  promoted: EXIT.ok,
  kept: EXIT.ok,
  failed: EXIT.failed,
  thin: EXIT.failed,
};
const ENDS: Readonly<Record<ModelCandidate["decision"], string>> = {
  promoted: "is live",
  kept: "was trained and is not live: the live one stays",
  failed: "was trained and may not speak: what was live stays",
  thin: "was not trained: what was live stays",
};

export async function askForTraining(options: Options, operations: Operations, io: Io): Promise<Answer> {
  const { bus, requestedBy } = operations;
  const before = await newestOf(operations);
  await bus.publish("prediction.training-requested", { reason: `${requestedBy} asked for it`, requestedBy });
  if (options.wait === false) return { data: { schema: 1, asked: true }, text: "Asked for. `ha model compare` shows what comes of it." };
  const timeoutMs = (numberOption(options, "timeout") ?? TRAIN_WAIT_SECONDS) * 1_000;
  const candidate = await untilTrained(operations, io, { before, timeoutMs });
  const { decision, version, reason } = candidate;
  const text = `${io.paint.bold(version ?? "A candidate")} ${ENDS[decision]}. ${reason}.`;
  return { data: { schema: 1, candidate }, text, exit: EXITS[decision] };
}

async function newestOf({ registry }: Operations): Promise<ModelCandidate | null> {
  const found = await registry.read("liveModel", "live");
  return found.kind === "found" ? (found.value.candidates[0] ?? null) : null;
}

type Waited = { readonly before: ModelCandidate | null; readonly timeoutMs: number };

async function untilTrained(operations: Operations, io: Io, { before, timeoutMs }: Waited): Promise<ModelCandidate> {
  const { clock } = operations;
  const startMs = clock.monotonicMs();
  for (;;) {
    const newest = await newestOf(operations);
    if (newest !== null && newest.atMs !== before?.atMs) return newest;
    if (clock.monotonicMs() - startMs >= timeoutMs || io.signal.aborted)
      throw new CommandFailed({
        code: EXIT.unfinished,
        sentence: "it was asked for; the watching has ended before the training did.",
        next: "`ha model compare` shows what comes of it; train-model's log in the home Region says why where nothing comes.",
      });
    await clock.sleep(POLL_MS, io.signal);
  }
}
