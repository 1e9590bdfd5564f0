/**
 * Acts before the fault, in steps that grow with confidence: watch, warn, drain, hand over. A step is taken when enough predictions in a row,
 * all made since the step before, reached its level, and the step before has lasted; so from nothing to a moved role it takes three looks at
 * least, and each leaves time to recover. When the probability has stayed low for a while, all is called off, but for one thing: a
 * role that was moved stays where it is, and moving it back is a person's wish or failover's business.
 *
 * The probability at which a step is worth its cost, and calling off later than calling on: the expected-cost rule of E. J. Horvitz,
 * "Principles of Mixed-Initiative User Interfaces", CHI 1999, with the hysteresis of a Schmitt trigger.
 */
import type { Mode } from "../../kernel/mode.ts";
import {
  type ActingStep,
  type PREEMPTION_KINDS,
  type Prediction,
  type PreemptionLevels,
  type PreemptionPolicy,
  type PreemptionPosition,
  STEPS,
  type Step,
} from "../../kernel/preemption.ts";
import { type Foreseen, newestFirst, rowOf } from "./evidence.ts";
import { cancelLevel, type Trust } from "./levels.ts";
import { limitReached, obstacle, type PreemptionSurroundings } from "./limits.ts";

export type PreemptionFacts = {
  readonly nowMs: number;
  readonly prediction: Pick<Prediction, "id" | "node" | "role" | "model" | "probability" | "madeAtMs">;
  /** Of the same node and model, as far back as the time to cancel. */
  readonly recent: readonly Foreseen[];
  readonly mode: Mode;
  readonly levels: PreemptionLevels;
  /** What the model's record is good for; a warning needs none. */
  readonly trust: Readonly<Record<Exclude<ActingStep, "warn">, Trust>>;
  readonly position: PreemptionPosition;
  readonly around: PreemptionSurroundings;
  readonly policy: PreemptionPolicy;
};

export type Preemption = {
  /**
   * `warn`, `drain`, `hand-over`: do it. `propose`: ask a person whether to. `hold`: it is due and must not be done; tell a person.
   * `cancel`: end the warning and the drain. `none`: write down the reason.
   */
  readonly kind: (typeof PREEMPTION_KINDS)[number];
  /** The step that is spoken of. */
  readonly step: Step;
  /** Where the node stands now. Who carries out a proposal writes its step. */
  readonly position: PreemptionPosition;
  readonly reason: string;
};

export function decidePreemption(facts: PreemptionFacts): Preemption {
  const { nowMs, prediction, policy, levels, mode } = facts;
  const ageMs = nowMs - prediction.madeAtMs;
  const gapMsMax = policy.predictionSecondsMax * 1_000;
  // What was rehearsed has warned nobody and drained nothing, so nothing can be built on it.
  const isOver = facts.position.isRehearsed && mode !== "shadow";
  const position: PreemptionPosition = isOver ? { ...facts.position, step: "watch", isRehearsed: false } : facts.position;
  const answer = (kind: Preemption["kind"], step: Step, reason: string, next = position): Preemption => ({ kind, step, position: next, reason });

  const ordered = newestFirst([...facts.recent, prediction]);
  if (ageMs > gapMsMax) return answer("none", position.step, `the prediction is ${seconds(ageMs)} old, at most ${seconds(gapMsMax)} are allowed`);
  if ((ordered[0]?.madeAtMs ?? 0) > prediction.madeAtMs) return answer("none", position.step, "there is a newer prediction");

  const row = (belongs: (probability: number) => boolean, afterMs: number) => rowOf(ordered, { afterMs, gapMsMax, belongs });
  const low = cancelLevel(levels);
  const calm = row((probability) => probability < low, Number.NEGATIVE_INFINITY);
  if (position.step !== "watch" && calm.lastsMs >= policy.cancelSeconds * 1_000)
    return calledOff(facts, position, `${calm.count} predictions over ${seconds(calm.lastsMs)} were below ${low.toFixed(2)}`);

  const step = STEPS[STEPS.indexOf(position.step) + 1];
  if (step === undefined || step === "watch") return answer("none", position.step, "its role was handed over; there is no further step");
  const reaching = row((probability) => probability >= levels[step], position.sinceMs);
  const evidence = `${reaching.count} predictions in a row since it is at ${position.step} were at or above ${levels[step]}`;
  if (reaching.count < policy.consecutiveMin)
    return answer("none", position.step, `${evidence}; ${policy.consecutiveMin} are needed to ${spoken(step)}`);
  const lastedMs = nowMs - position.sinceMs;
  if (position.step !== "watch" && lastedMs < policy.stepSecondsMin * 1_000) {
    return answer("none", position.step, `${evidence}; but it is at ${position.step} for ${seconds(lastedMs)} of ${policy.stepSecondsMin} s`);
  }
  if (step === "hand-over" && prediction.role === null)
    return answer("none", position.step, `${evidence}; it holds no role, so there is nothing to hand over`);
  return due(step, evidence, { ...facts, position });
}

/** The evidence is there: may it be done, by whom? */
function due(step: ActingStep, evidence: string, facts: PreemptionFacts): Preemption {
  const { mode, position, prediction, around, policy, nowMs } = facts;
  const answer = (kind: Preemption["kind"], reason: string, next = position): Preemption => ({
    kind,
    step,
    position: next,
    reason: `${evidence}; ${reason}`,
  });
  const taken = (isRehearsed: boolean): PreemptionPosition => ({ step, sinceMs: nowMs, isRehearsed });
  const inTheWay = step === "warn" ? null : obstacle({ role: prediction.role, around });
  const limit = step === "warn" ? null : limitReached({ role: prediction.role, node: prediction.node, around, policy, nowMs });
  if (mode === "shadow") {
    const held = inTheWay ?? limit;
    if (held !== null) return answer("none", `in shadow: it would be held, since ${held}`);
    // A node that is really warned of or drained is not rehearsed any further.
    if (position.step !== "watch" && !position.isRehearsed) return answer("none", `the mode is shadow now: it stays at ${position.step}`);
    return answer("none", `in shadow: it would ${spoken(step)} now`, taken(true));
  }
  if (step === "warn") return answer("warn", "a person is told", taken(false));
  if (inTheWay !== null) return answer("hold", inTheWay);
  const trust = facts.trust[step];
  const note = limit === null ? "" : `; note that ${limit}`;
  if (mode !== "auto") return answer("propose", `the mode is ${mode}: a person decides whether to ${spoken(step)}${note}`);
  if (limit !== null) return answer("hold", limit);
  if (trust.kind === "recommend-only") return answer("propose", `the model may only recommend it: ${trust.reason}`);
  return answer(step, `the mode is auto and the budget allows it; ${trust.reason}`, taken(false));
}

function calledOff({ nowMs, mode }: PreemptionFacts, position: PreemptionPosition, calm: string): Preemption {
  const next: PreemptionPosition = { step: "watch", sinceMs: nowMs, isRehearsed: false };
  // What was really done is undone in shadow too: leaving a healthy node drained would be an action as well.
  if (position.isRehearsed && mode === "shadow")
    return { kind: "none", step: "watch", position: next, reason: `in shadow: it would be called off, as ${calm}` };
  const rest = position.step === "hand-over" ? "; the role stays where it is" : "";
  return { kind: "cancel", step: "watch", position: next, reason: `${calm}${rest}` };
}

const seconds = (ms: number): string => `${Math.round(ms / 1_000)} s`;
const spoken = (step: ActingStep): string => (step === "hand-over" ? "hand over" : step);
