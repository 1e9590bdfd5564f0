/**
 * The book of predictions of one node: what was said is never changed, and each entry is scored in its time. While a node looks well it
 * has one entry, made anew when its horizon is over; each time the level rises above all open entries another is made, so that
 * the lead time is that of the first warning and nobody can improve a prediction afterwards.
 */

import type { NodeId, RoleName } from "../../kernel/ids.ts";
import { type Foreseen, type Level, OPEN_MAX, type Prediction, predictionId } from "../../kernel/prediction.ts";
import type { Failure } from "./failure.ts";
import { isAtLeast } from "./levels.ts";
import { scorePrediction } from "./scoring.ts";

export type BookFacts = {
  readonly node: NodeId;
  readonly role: RoleName | null;
  readonly estimate: Pick<Prediction, "probability" | "by" | "model" | "features" | "reason">;
  readonly level: Level;
  readonly looksWell: boolean;
  readonly failure: Failure;
  /** A preemption has asked for the role's move, and the node holds it no more. */
  readonly hasMoved: boolean;
  readonly horizonMs: number;
  readonly nowMs: number;
};

/** `scored` are over, each with its outcome, the silent ones included. */
export type Turned = { readonly foreseen: Foreseen; readonly scored: readonly Prediction[]; readonly made: Prediction | null };

export function turnPage(current: Foreseen | null, facts: BookFacts): Turned {
  const { node, estimate, level, failure, nowMs } = facts;
  const { probability, by, model, reason } = estimate;
  const hasFailed = failure.kind === "failed";
  const before = (current?.open ?? []).map((each) => ({
    ...each,
    failedAtMs: each.failedAtMs ?? (hasFailed ? nowMs : null),
    movedAtMs: each.movedAtMs ?? (facts.hasMoved && each.role !== null ? nowMs : null),
  }));
  const judged = before.map((each) => judge(each, before, facts));
  const scored = judged.filter(({ outcome }) => outcome !== null);
  const open = judged.filter(({ outcome }) => outcome === null);
  /** Of a node that has failed nothing is left to foretell. */
  const isNew = !hasFailed && open.length < OPEN_MAX && open.every((each) => !isAtLeast(each.level, level));
  const made = isNew ? makeEntry(facts) : null;
  const calmSinceMs = facts.looksWell && !hasFailed ? (current?.calmSinceMs ?? nowMs) : null;
  const foreseen = {
    node,
    latest: { probability, level, by, model, reason, atMs: nowMs },
    calmSinceMs,
    open: made === null ? open : [...open, made],
  };
  return { foreseen, scored, made };
}

function judge(entry: Prediction, all: readonly Prediction[], { failure, nowMs }: BookFacts): Prediction {
  const isWarned = all.some(({ madeAtMs, level }) => madeAtMs > entry.madeAtMs && level !== "calm");
  const { failedAtMs, movedAtMs } = entry;
  const score = scorePrediction(entry, { nowMs, failedAtMs, movedAtMs, isUnknown: failure.kind === "unknown", isWarned });
  if (score.kind === "open") return entry;
  const { kind, leadMs, reason } = score;
  const why = failure.kind === "failed" ? `${reason}: ${failure.reason}` : reason;
  return { ...entry, outcome: { kind, atMs: nowMs, leadMs, reason: why } };
}

function makeEntry({ node, role, estimate, level, horizonMs, nowMs }: BookFacts): Prediction {
  const id = predictionId(node, nowMs);
  return { id, node, role, madeAtMs: nowMs, horizonMs, level, ...estimate, movedAtMs: null, failedAtMs: null, outcome: null };
}
