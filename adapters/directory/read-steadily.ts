/**
 * Gives a file's bytes to a consumer as they were at one moment. The file is looked at before and after it was read; had it
 * changed between, the consumer's answer is thrown away and it is asked again from the start, later each time, and in the end
 * the file is reported as changing. It never hands on the beginning of one version with the end of another.
 */
import type { Hole, Skipped } from "../../core/backup/directory/entry.ts";
import type { Clock } from "../../core/kernel/ports.ts";
import type { ReadNext } from "./file-bytes.ts";
import { type Interruption, lookBefore } from "./look-before.ts";
import type { OpenFile } from "./open-seen.ts";
import type { NotSeen, SeenFile } from "./see-entry.ts";
import { WatchedBytes } from "./watched-bytes.ts";

/** `content` is what the consumer answered; `seen` is the file as it was read. */
export type ReadSteadily<T> =
  | { readonly kind: "kept"; readonly content: T; readonly seen: SeenFile; readonly holes: readonly Hole[] }
  | { readonly kind: "skipped"; readonly skipped: Skipped };

/** Must read to the end. It is called once an attempt, and what it has stored of an attempt that failed refers to nothing. */
export type ConsumeFile<T> = (readNext: ReadNext, facts: { attempt: number; lengthBytes: number }) => Promise<T>;

export type SteadyOptions = { readonly clock: Clock; readonly attemptsMax?: number; readonly signal?: AbortSignal };

/** With the pauses that is 3 s: a file that is written more often than that is being written, and is for a snapshot to catch. */
const ATTEMPTS_MAX = 5;
const FIRST_PAUSE_MS = 200;

export async function readSteadily<T>(
  file: { readonly path: string; readonly open: OpenFile },
  consume: ConsumeFile<T>,
  options: SteadyOptions,
): Promise<ReadSteadily<T>> {
  const { clock, attemptsMax = ATTEMPTS_MAX, signal } = options;
  let change = "";
  for (let attempt = 1; attempt <= attemptsMax; attempt += 1) {
    signal?.throwIfAborted();
    const tried = await readOnce(file.open, consume, { attempt, clock });
    if (tried.kind === "kept") return tried;
    if (tried.kind === "skipped") return skipped(file.path, tried);
    change = tried.change;
    if (attempt < attemptsMax) await clock.sleep(FIRST_PAUSE_MS * 2 ** (attempt - 1), signal);
  }
  return skipped(file.path, { kind: "skipped", reason: "changed-while-read", detail: `in each of ${attemptsMax} attempts, at last its ${change}` });
}

type Attempt<T> = Extract<ReadSteadily<T>, { kind: "kept" }> | Interruption;

async function readOnce<T>(open: OpenFile, consume: ConsumeFile<T>, given: { attempt: number; clock: Clock }): Promise<Attempt<T>> {
  const opened = await open();
  if (opened.kind === "skipped") return opened;
  if (opened.kind === "replaced") return { kind: "changed", change: "inode" };
  const { handle } = opened;
  try {
    const before = await lookBefore(handle, opened.seen, given.clock);
    if (before.kind !== "file") return before;
    const watched = new WatchedBytes(handle, before);
    const asked = await consume(watched.readNext, { attempt: given.attempt, lengthBytes: before.stamp.sizeBytes }).then(
      (content) => ({ content }),
      (cause: unknown) => ({ cause }),
    );
    // An interruption that the consumer met comes back as its error, or not at all.
    if (watched.interruption !== null) return watched.interruption;
    if ("cause" in asked) throw asked.cause;
    const interruption = await watched.lookAtEnd();
    return interruption ?? { kind: "kept", content: asked.content, seen: before, holes: watched.holes };
  } finally {
    await handle.close();
  }
}

function skipped(path: string, { reason, detail }: NotSeen): { kind: "skipped"; skipped: Skipped } {
  return { kind: "skipped", skipped: { path, reason, detail } };
}
