/**
 * What may happen to a source's cell in the registry, which is both its state and its lease: of all who ask, one run is under way, one
 * request at most waits, and the rest are told so. A run that nobody has heard of until its deadline is replaced; its steps find that
 * out by their run's name before they change anything.
 */
import { type BackupRequest, type BackupSource, type NewestBackup, type RunningBackup, TAKEN_MAX } from "../../kernel/backup-source.ts";

/** A step that looks on writes every few seconds; a new function after a cold start, within a minute. */
export const RUN_DEADLINE_MS = 300_000;
/** A step that writes only when it begins: the longest that a function runs, and as above. */
export const LONG_STEP_MS = 900_000 + RUN_DEADLINE_MS;
/** Whoever ends a run asks again for what waits; where that is not heard of within this, it was lost on its way. */
const ASKED_AGAIN_MS = 60_000;
/** What a request carries. */
const REASON_MAX = 1_000;

export type Admission = {
  readonly verdict: "start" | "waits" | "refused" | "repeated";
  readonly reason: string;
};
export type SourceChange<V> = ({ readonly kind: "write"; readonly next: BackupSource } | { readonly kind: "keep" }) & V;

export const newSource = (source: string): BackupSource => ({
  source,
  running: null,
  waiting: null,
  draining: null,
  taken: [],
  newest: null,
  fullReadAtMs: null,
  last: null,
  provenSequence: 0,
});

/** `fullRereadMs`: how old the last full read may be before the next run must be one. */
export function admitRequest(
  cell: BackupSource,
  request: BackupRequest,
  { nowMs, fullRereadMs }: { nowMs: number; fullRereadMs: number },
): SourceChange<Admission> {
  const { running, waiting, draining, last } = cell;
  if (last?.run === request.run) return { kind: "keep", verdict: "refused", reason: `this very request was carried out before: ${last.outcome}` };
  if (running?.run === request.run) return { kind: "keep", verdict: "repeated", reason: "this very request is being carried out" };
  if (waiting?.run !== request.run && cell.taken.includes(request.run))
    return { kind: "keep", verdict: "refused", reason: "this very request was taken before" };
  if (draining !== null) return { kind: "keep", verdict: "refused", reason: `${cell.source} is drained by ${draining.by}: nothing is started` };
  const taken = [...cell.taken.filter((run) => run !== request.run), request.run].slice(-TAKEN_MAX);
  const fullReread = request.fullReread || waiting?.fullReread === true;
  if (running !== null && nowMs <= running.deadlineMs) {
    const reason = `${running.run} is under way; ${waiting === null ? "this request waits" : "it joins the request that waits"}`;
    return { kind: "write", next: { ...cell, taken, waiting: { ...(waiting ?? request), fullReread } }, verdict: "waits", reason };
  }
  const isDueInFull = cell.fullReadAtMs !== null && nowMs - cell.fullReadAtMs >= fullRereadMs;
  const started: RunningBackup = {
    ...request,
    fullReread: fullReread || isDueInFull,
    startedAtMs: nowMs,
    deadlineMs: nowMs + RUN_DEADLINE_MS,
    doing: "starting",
    files: 0,
    bytes: 0,
    cancel: null,
  };
  const reason = running === null ? request.reason : `${running.run} was not heard of until its deadline and is replaced`;
  return { kind: "write", next: { ...cell, taken, running: started, waiting: null }, verdict: "start", reason };
}

/** Null where `run` is not the one under way any more. */
export function heldBy(cell: BackupSource | null, run: string): RunningBackup | null {
  return cell?.running?.run === run ? cell.running : null;
}

export type Ending =
  | { readonly outcome: "done"; readonly newest: NewestBackup; readonly sentence: string }
  | { readonly outcome: "failed" | "cancelled"; readonly sentence: string };

/**
 * The run ends, and is not under way any more. What waits stays written down until its own run begins: whoever ends this one asks for
 * it again, and if that is lost the next look at what is due does. Null as above.
 */
export function endRun(cell: BackupSource, run: string, ending: Ending, nowMs: number): { next: BackupSource; waiting: BackupRequest | null } | null {
  const running = heldBy(cell, run);
  if (running === null) return null;
  const { outcome, sentence } = ending;
  const last = { run: running.run, endedAtMs: nowMs, tookMs: Math.max(0, nowMs - running.startedAtMs), outcome, sentence };
  const done = outcome === "done" ? { newest: ending.newest, fullReadAtMs: fullReadAt(cell, running) } : {};
  return { next: { ...cell, ...done, running: null, last }, waiting: cell.waiting };
}

/** The first backup reads everything, whoever asked for what. */
const fullReadAt = (cell: BackupSource, running: RunningBackup): number | null =>
  running.fullReread || cell.fullReadAtMs === null ? running.startedAtMs : cell.fullReadAtMs;

export type SourceOperation = "cancel" | "drain" | "resume";

/** What a person's word makes of the cell; null where it is so already. What a run has begun is not taken from it: it looks for itself. */
export function operateSource(cell: BackupSource, what: SourceOperation, word: { readonly by: string; readonly atMs: number }): BackupSource | null {
  const { running, waiting, draining } = cell;
  if (what === "resume") return draining === null ? null : { ...cell, draining: null };
  if (what === "drain") return draining !== null && waiting === null ? null : { ...cell, draining: draining ?? word, waiting: null };
  if (waiting === null && (running === null || running.cancel !== null)) return null;
  return { ...cell, waiting: null, running: running && { ...running, cancel: running.cancel ?? word } };
}

export type Due = { readonly kind: "due"; readonly reason: string } | { readonly kind: "not-due" };

/** Whether the clock or the chain asks for a backup now. `finalizedHeight` is null where nobody can tell. */
export function decideDue(
  cell: BackupSource,
  facts: { nowMs: number; finalizedHeight: number | null; everySeconds: number; everyBlocks: number | null; retrySeconds: number },
): Due {
  const { nowMs, finalizedHeight, everySeconds, everyBlocks, retrySeconds } = facts;
  if (cell.draining !== null || (cell.running !== null && nowMs <= cell.running.deadlineMs)) return { kind: "not-due" };
  const { waiting, last } = cell;
  if (waiting !== null && (cell.running !== null || last === null || nowMs - last.endedAtMs >= ASKED_AGAIN_MS))
    return { kind: "due", reason: `what ${waiting.by} asked for waits: ${waiting.reason}`.slice(0, REASON_MAX) };
  /** What has just failed fails again most likely; it is tried again, less often. */
  if (last !== null && last.outcome !== "done" && nowMs - last.endedAtMs < retrySeconds * 1_000) return { kind: "not-due" };
  if (cell.newest === null) return { kind: "due", reason: "there is no backup yet" };
  const ageSeconds = Math.floor((nowMs - cell.newest.startedAtMs) / 1_000);
  if (ageSeconds >= everySeconds) return { kind: "due", reason: `the newest backup is ${ageSeconds} s old, ${everySeconds} s are asked for` };
  const { height } = cell.newest;
  const blocks = finalizedHeight === null || height === null ? 0 : finalizedHeight - height;
  if (everyBlocks !== null && blocks >= everyBlocks) return { kind: "due", reason: `${blocks} blocks became final since the newest backup` };
  return { kind: "not-due" };
}

export type Lag = { readonly seconds: number | null; readonly blocks: number | null };

/** How much would be lost now if only backups were left: null where there is no backup, or nobody knows the height. */
export function lagOf({ newest }: BackupSource, { nowMs, finalizedHeight }: { nowMs: number; finalizedHeight: number | null }): Lag {
  if (newest === null) return { seconds: null, blocks: null };
  const blocks = finalizedHeight === null || newest.height === null ? null : Math.max(0, finalizedHeight - newest.height);
  return { seconds: Math.max(0, nowMs - newest.startedAtMs) / 1_000, blocks };
}
