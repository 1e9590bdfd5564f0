/**
 * What came of a prediction, once its horizon is over or the node has failed. A warning is judged by what the node then did, also where its
 * role had moved: its time is then a horizon from the move, and a spared node that fails was a fault prevented, one that lives on was a false
 * alarm like any other. A miss is a fault of which nothing warned (Salfner, Lenk and Malek, "A survey of online failure prediction
 * methods", 2010).
 */
import type { OutcomeKind, Prediction } from "../../kernel/prediction.ts";

export type WhatHappened = {
  readonly nowMs: number;
  /** When the node was first seen to have failed; null while it has not. */
  readonly failedAtMs: number | null;
  /** When the role left it; null where it held none or still does. */
  readonly movedAtMs: number | null;
  /** It is in the fleet no more, or nobody has seen it. */
  readonly isUnknown: boolean;
  /** Another prediction, made later and not over, warned. */
  readonly isWarned: boolean;
};

export type Score = { readonly kind: "open" } | { readonly kind: OutcomeKind; readonly leadMs: number | null; readonly reason: string };

export function scorePrediction({ madeAtMs, horizonMs, level }: Prediction, happened: WhatHappened): Score {
  const { nowMs, failedAtMs, movedAtMs, isUnknown, isWarned } = happened;
  const warned = level !== "calm";
  const endMs = Math.max(madeAtMs, warned ? (movedAtMs ?? 0) : 0) + horizonMs;
  if (failedAtMs !== null && failedAtMs >= madeAtMs && failedAtMs <= endMs) {
    const leadMs = failedAtMs - madeAtMs;
    if (!warned && isWarned) return { kind: "unknown", leadMs: null, reason: "it looked well; a later prediction warned" };
    if (!warned) return { kind: "miss", leadMs: null, reason: "it failed and nothing had warned" };
    if (movedAtMs !== null && movedAtMs < failedAtMs) return { kind: "prevented", leadMs, reason: "it failed after its role had moved" };
    return { kind: "hit", leadMs, reason: "it failed as foretold" };
  }
  if (nowMs < endMs) return { kind: "open" };
  if (isUnknown) return { kind: "unknown", leadMs: null, reason: "nobody has seen what became of it" };
  if (!warned) return { kind: "correct-silence", leadMs: null, reason: "it did not fail, and nothing was foretold" };
  return { kind: "false-alarm", leadMs: null, reason: movedAtMs === null ? "it did not fail" : "its role had moved, and it did not fail" };
}
