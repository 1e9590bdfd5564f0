/**
 * How a prediction turned out, when its time is over and not before. Where a role was moved because of it, its time is a horizon from
 * the move: if the node that was spared then fails, a failure of a holder was prevented; if it stays well, the alarm was false. What
 * nobody watched to the end, or was stopped meanwhile, is unknown and counts for nothing, neither way.
 *
 * A failure is missed when there was no alarm within a horizon before it, in the terms of F. Salfner, M. Lenk, M. Malek, "A Survey of Online
 * Failure Prediction Methods", ACM Computing Surveys 42 (2010). A silence before a failure of which a later prediction warned is no miss.
 */
import type { Prediction, Score } from "../../kernel/preemption.ts";

export type WhatHappened = {
  readonly nowMs: number;
  /** The node's first failure after the prediction: it was condemned, or its vitals crossed the line of failure. */
  readonly failedAtMs: number | null;
  /** When, ahead of any failure, its role was moved or its work drained. */
  readonly movedAtMs: number | null;
  /** When it was stopped or removed on purpose. */
  readonly stoppedAtMs: number | null;
  /** Until when the node's vitals are known without a gap that could hide a failure. */
  readonly watchedThroughMs: number;
  /** The newest alarm on this node before its failure. */
  readonly alarmedAtMs: number | null;
};
export type Scoring = { readonly kind: "scored"; readonly score: Score } | { readonly kind: "pending"; readonly reason: string };

type Scored = Pick<Prediction, "node" | "probability" | "horizonMs" | "madeAtMs" | "reached">;

export function scorePrediction(entry: Scored, happened: WhatHappened): Scoring {
  const { node, horizonMs, madeAtMs, reached } = entry;
  const isAlarm = reached !== "watch";
  const moved = isAlarm ? within(happened.movedAtMs, madeAtMs - 1, madeAtMs + horizonMs) : null;
  const dueMs = (moved ?? madeAtMs) + horizonMs;
  if (happened.nowMs < dueMs) return { kind: "pending", reason: `its time ends in ${minutes(dueMs - happened.nowMs)}` };
  const failed = within(happened.failedAtMs, madeAtMs, dueMs);
  const stopped = within(happened.stoppedAtMs, madeAtMs, failed ?? dueMs);
  const scored = (kind: Score["kind"], reason: string): Scoring => ({
    kind: "scored",
    score: { kind, scoredAtMs: happened.nowMs, failedAtMs: failed, reason },
  });
  if (stopped !== null) return scored("unknown", `${node} was stopped after ${minutes(stopped - madeAtMs)}, so nobody knows what it would have done`);
  if (failed !== null) return isAlarm ? foretold(failed) : unforetold(failed);
  if (happened.watchedThroughMs < dueMs) {
    return scored("unknown", `${node} was not watched for the last ${minutes(dueMs - happened.watchedThroughMs)} of it`);
  }
  if (!isAlarm) return scored("correct-silence", `${node} did not fail within ${minutes(horizonMs)}`);
  return scored("false-alarm", `${node} did not fail within ${minutes(horizonMs)}${moved === null ? "" : " after it was relieved"}`);

  function foretold(failedAtMs: number): Scoring {
    const lead = `${minutes(failedAtMs - madeAtMs)} before ${node} failed`;
    if (moved === null) return scored("hit", `the alarm came ${lead}, and nothing was moved`);
    if (moved >= failedAtMs) return scored("hit", `the alarm came ${lead}, but the move only after it`);
    return scored("prevented", `the alarm came ${lead}, and it was relieved ${minutes(failedAtMs - moved)} before`);
  }
  function unforetold(failedAtMs: number): Scoring {
    const alarmed = within(happened.alarmedAtMs, failedAtMs - horizonMs - 1, failedAtMs - 1);
    if (alarmed === null)
      return scored("miss", `${node} failed after ${minutes(failedAtMs - madeAtMs)}, and there was no alarm in the ${minutes(horizonMs)} before`);
    return scored(
      "foretold-later",
      `${node} failed after ${minutes(failedAtMs - madeAtMs)}; a later prediction gave the alarm ${minutes(failedAtMs - alarmed)} before`,
    );
  }
}

/** `atMs` if it is in (afterMs, throughMs]. */
function within(atMs: number | null, afterMs: number, throughMs: number): number | null {
  return atMs !== null && atMs > afterMs && atMs <= throughMs ? atMs : null;
}

const minutes = (ms: number): string => `${(ms / 60_000).toFixed(ms < 600_000 ? 1 : 0)} min`;
