/**
 * Stories of a source's cell for its laws: what is asked of it in any order, and beside it, kept by other means than the cell's own, what
 * must then be so.
 */
import fc from "fast-check";
import { expect } from "vitest";
import {
  admitRequest,
  decideDue,
  type Ending,
  endRun,
  heldBy,
  newSource,
  operateSource,
  RUN_DEADLINE_MS,
} from "../../core/backup/asynchronous-backup/source.ts";
import { BackupRequest, BackupSource } from "../../core/kernel/backup-source.ts";

export const START_MS = 1_700_000_000_000;
export const DAY_MS = 86_400_000;
export const SOURCE = "n1.directory";
export const requestOf = (number: number, fullReread = false): BackupRequest =>
  BackupRequest.parse({ run: `message-${number}`, atMs: START_MS, by: "somebody", reason: "asked", fullReread });
const doneWith = (sequence: number): Ending => ({
  outcome: "done",
  newest: { sequence, writtenAtMs: START_MS, startedAtMs: START_MS, height: 7, sourceBytes: 1, storedBytes: 1 },
  sentence: "stored",
});
const failed: Ending = { outcome: "failed", sentence: "it failed" };

export type Deed =
  | { readonly kind: "request"; readonly number: number; readonly fullReread: boolean }
  | { readonly kind: "end"; readonly number: number; readonly isDone: boolean }
  | { readonly kind: "end-own"; readonly isDone: boolean }
  | { readonly kind: "pass"; readonly ms: number }
  | { readonly kind: "cancel" | "drain" | "resume" };

/** Fewer requests than a cell remembers; a small choice of numbers, so that many are delivered twice. */
export const anyStory: fc.Arbitrary<Deed[]> = fc.array<Deed>(
  fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({ kind: fc.constant("request" as const), number: fc.integer({ min: 0, max: 15 }), fullReread: fc.boolean() }),
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant("end" as const), number: fc.integer({ min: 0, max: 15 }), isDone: fc.boolean() }) },
    { weight: 3, arbitrary: fc.record({ kind: fc.constant("end-own" as const), isDone: fc.boolean() }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant("pass" as const), ms: fc.constantFrom(1, 70_000, RUN_DEADLINE_MS + 1) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom("cancel", "drain", "resume") }) },
  ),
  { maxLength: 60 },
);

/** What must hold, kept beside the cell by other means than the cell's own. */
export class Story {
  cell: BackupSource = newSource(SOURCE);
  nowMs = START_MS;
  sequence = 0;
  readonly heard = new Set<string>();
  readonly started: string[] = [];
  /** Told that they wait, and in no run yet. */
  owed: BackupRequest[] = [];

  act(deed: Deed): void {
    const before = this.cell;
    if (deed.kind === "request") this.request(requestOf(deed.number, deed.fullReread));
    else if (deed.kind === "end") this.end(requestOf(deed.number).run, deed.isDone);
    else if (deed.kind === "end-own") this.end(before.running?.run ?? requestOf(99).run, deed.isDone);
    else if (deed.kind === "pass") this.nowMs += deed.ms;
    else this.operate(deed.kind);
    expect(() => BackupSource.parse(this.cell)).not.toThrow();
    if (this.owed.length > 0) expect(this.cell.waiting).not.toBeNull();
    this.judgeDue();
  }

  private request(request: BackupRequest): void {
    const before = this.cell;
    const isFree = before.running === null || this.nowMs > before.running.deadlineMs;
    const change = admitRequest(before, request, { nowMs: this.nowMs, fullRereadMs: 7 * DAY_MS });
    if (change.kind === "write") this.cell = change.next;
    expect(change.reason).not.toBe("");
    expect(this.cell.newest).toEqual(before.newest);
    const { verdict } = change;
    if (verdict === "start") {
      expect(isFree && before.draining === null).toBe(true);
      expect(this.started).not.toContain(request.run);
      expect(this.cell.running?.run).toBe(request.run);
      if ([request, ...this.owed].some(({ fullReread }) => fullReread)) expect(this.cell.running?.fullReread).toBe(true);
      this.started.push(request.run);
      this.owed = [];
    } else {
      expect(this.cell.running).toEqual(before.running);
      if (verdict === "waits") {
        expect(isFree).toBe(false);
        this.owed.push(request);
        if (request.fullReread && !this.heard.has(request.run)) expect(this.cell.waiting?.fullReread).toBe(true);
      } else expect(this.cell).toEqual(before);
      expect(verdict === "repeated").toBe(before.running?.run === request.run);
      if (verdict === "refused") expect(before.draining !== null || this.heard.has(request.run)).toBe(true);
    }
    if (verdict !== "refused") this.heard.add(request.run);
  }

  private end(run: string, isDone: boolean): void {
    const before = this.cell;
    const ended = endRun(before, run, isDone ? doneWith(this.sequence + 1) : failed, this.nowMs);
    expect(ended === null).toBe(before.running?.run !== run);
    expect(heldBy(before, run)).toEqual(ended === null ? null : before.running);
    if (ended === null) return;
    if (isDone) this.sequence += 1;
    this.cell = ended.next;
    expect(ended.waiting).toEqual(before.waiting);
    expect(this.cell).toMatchObject({ running: null, waiting: before.waiting, last: { run, outcome: isDone ? "done" : "failed" } });
    expect(this.cell.newest?.sequence ?? 0).toBe(this.sequence);
  }

  /** As `ha backup cancel`, `drain` and `resume` do. */
  private operate(kind: "cancel" | "drain" | "resume"): void {
    const before = this.cell;
    const after = operateSource(before, kind, { by: "operator", atMs: this.nowMs });
    this.cell = after ?? before;
    const isNothing = { cancel: before.waiting === null && before.running === null, resume: before.draining === null, drain: false }[kind];
    if (isNothing) expect(after).toBeNull();
    expect(this.cell.draining !== null).toBe(kind === "drain" || (kind === "cancel" && before.draining !== null));
    expect(this.cell.running).toEqual(kind === "cancel" && before.running ? { ...before.running, cancel: expect.anything() } : before.running);
    if (kind === "resume") return;
    expect(this.cell.waiting).toBeNull();
    this.owed = [];
  }

  private judgeDue(): void {
    const { running, draining, newest, waiting, last } = this.cell;
    const facts = { nowMs: this.nowMs, finalizedHeight: 7, everySeconds: 3_600, everyBlocks: 10, retrySeconds: 600 };
    const isBusy = draining !== null || (running !== null && this.nowMs <= running.deadlineMs);
    if (isBusy) for (const finalizedHeight of [null, 7, 1_000]) expect(decideDue(this.cell, { ...facts, finalizedHeight }).kind).toBe("not-due");
    const isQuiet = last === null || this.nowMs - last.endedAtMs >= 600_000 || last.outcome === "done";
    if (!isBusy && isQuiet && newest === null) expect(decideDue(this.cell, facts).kind).toBe("due");
    if (!isBusy && waiting !== null && (running !== null || this.nowMs - (last?.endedAtMs ?? 0) >= 60_000))
      expect(decideDue(this.cell, facts).kind).toBe("due");
  }
}
