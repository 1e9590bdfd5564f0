/**
 * The next step for a node of which a fault is foretold: warn, drain, hand its role over; one at a time, each held for a while before the
 * next, each only while the prediction is as sure as the step asks. It ends when the node has recovered, when its role has moved, or when a
 * limit says that a person must look. A role that was moved is not moved back here.
 *
 * Nothing here decides who holds a role: handing over asks the failover workflow, which has its own mode, budget and election.
 */
import type { RoleName } from "../../kernel/ids.ts";
import type { Mode } from "../../kernel/mode.ts";
import type { Foreseen, Preemption } from "../../kernel/prediction.ts";
import type { PredictionPolicy } from "../../kernel/prediction-policy.ts";
import { type Move, moveLimit } from "./budget.ts";
import { isAtLeast } from "./levels.ts";

export type PreemptionFacts = {
  readonly foreseen: Foreseen;
  /** The prediction that the episode began with. */
  readonly prediction: Preemption["prediction"];
  readonly step: Preemption["step"];
  readonly stepSinceMs: number;
  readonly mode: Mode;
  readonly policy: PredictionPolicy;
  /** What the node holds now. */
  readonly role: RoleName | null;
  /** Members of that role that look well and are not foretold to fail. */
  readonly standbys: number;
  /** An incident of that role is open. */
  readonly isMoving: boolean;
  readonly recent: readonly Move[];
  /** How long a role's move may take, a person's answer included. */
  readonly moveMsMax: number;
  readonly nowMs: number;
};

export type PreemptionDecision =
  | { readonly kind: "warn" | "drain" | "hand-over" | "wait"; readonly reason: string }
  | { readonly kind: "end"; readonly ending: "warned" | "drained" | "handed-over" | "cancelled" | "held"; readonly reason: string };

/** Looks that may be missed before what was said last counts for nothing. */
const LOOKS_MISSED_MAX = 5;
const STALE_MS_MIN = 30_000;

export function decidePreemption(facts: PreemptionFacts): PreemptionDecision {
  const { foreseen, step, policy, nowMs, mode } = facts;
  const { latest, calmSinceMs } = foreseen;
  if (step === "handed-over") return afterHandOver(facts);
  if (calmSinceMs !== null && nowMs - calmSinceMs >= policy.calmSeconds * 1_000) {
    return end("cancelled", `it has looked well for ${seconds(nowMs - calmSinceMs)}: ${latest.reason}`);
  }
  if (foreseen.open.every(({ level }) => level === "calm")) return end("cancelled", `the time of what was foretold is over: ${latest.reason}`);
  if (nowMs - latest.atMs > Math.max(STALE_MS_MIN, LOOKS_MISSED_MAX * policy.everySeconds * 1_000)) {
    return end("held", `nobody has looked at it for ${seconds(nowMs - latest.atMs)}; a person must`);
  }
  if (mode === "shadow") return end("cancelled", "the mode is shadow: predictions are only written down");
  const heldMs = nowMs - facts.stepSinceMs;
  const isHeld = heldMs >= policy.stepSeconds * 1_000;
  if (step === "none" || step === "cancelled" || step === "held") {
    return isAtLeast(latest.level, "warn") ? { kind: "warn", reason: latest.reason } : wait("it is not likely enough to warn of any more");
  }
  if (mode === "recommend") return wait("the mode is recommend: people were warned, nothing is moved");
  if (!isHeld) return wait(`it was ${step} ${seconds(heldMs)} ago; the next step may follow after ${policy.stepSeconds} s`);
  if (step === "warned") {
    return isAtLeast(latest.level, "drain")
      ? { kind: "drain", reason: latest.reason }
      : wait(`${chance(latest.probability)} is not enough to drain it`);
  }
  return beforeHandOver(facts);
}

function beforeHandOver({ foreseen, prediction, role, standbys, isMoving, recent, policy, moveMsMax, nowMs }: PreemptionFacts): PreemptionDecision {
  const { node, latest } = foreseen;
  if (role === null) return wait(`${node} is drained and holds no role`);
  if (!isAtLeast(latest.level, "hand-over")) return wait(`${chance(latest.probability)} is not enough to hand ${role} over`);
  if (isMoving) return wait(`an incident of ${role} is open`);
  if (standbys === 0) return wait(`no member of ${role} looks well enough to take it`);
  const limit = moveLimit(recent, { node, prediction, policy, openMsMax: moveMsMax, nowMs });
  if (limit === null) return { kind: "hand-over", reason: latest.reason };
  return limit.passes ? wait(limit.reason) : end("held", `${limit.reason}; a person must decide: ${latest.reason}`);
}

/** An incident opens within seconds of the start; one that is over and has left the role where it was says why in its journal. */
const OPENS_MS = 60_000;

function afterHandOver({ foreseen, role, isMoving, stepSinceMs, moveMsMax, nowMs }: PreemptionFacts): PreemptionDecision {
  if (role === null) return end("handed-over", `${foreseen.node} holds nothing any more: ${foreseen.latest.reason}`);
  const askedMs = nowMs - stepSinceMs;
  if (isMoving ? askedMs < moveMsMax : askedMs < OPENS_MS) return wait(`the move of ${role} was asked for ${seconds(askedMs)} ago`);
  return end(
    "held",
    `${role} is still at ${foreseen.node} ${seconds(askedMs)} after its move was asked for: \`ha incident ${role}\` says why, and a person must decide`,
  );
}

const end = (ending: Extract<PreemptionDecision, { kind: "end" }>["ending"], reason: string): PreemptionDecision => ({ kind: "end", ending, reason });
const wait = (reason: string): PreemptionDecision => ({ kind: "wait", reason });
const seconds = (ms: number): string => `${Math.round(ms / 1_000)} s`;
const chance = (probability: number): string => `${Math.round(probability * 100)} %`;
