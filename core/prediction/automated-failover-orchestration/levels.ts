/**
 * From what probability on each step may be taken. A level moves with the record of alarms that reached it: alarms that were false
 * raise it, failures that were foretold lower it, by one small step a day at most, on new evidence only, and never out of its bounds. Nothing is
 * concluded from what chance explains: both ways the bound of the precision's interval must be beyond the aim, not the precision itself.
 *
 * The interval is Wilson's, which is good for few trials and at the ends: L. D. Brown, T. T. Cai, A. DasGupta, "Interval Estimation for a
 * Binomial Proportion", Statistical Science 16 (2001). An episode is one trial; see record.ts for why a prediction is not.
 */
import { ACTING_STEPS, type ActingStep, type PreemptionLevels, type PreemptionPolicy, STEPS, type Step } from "../../kernel/preemption.ts";
import type { Episode } from "./record.ts";

export const FIRST_LEVELS: PreemptionLevels = { warn: 0.5, drain: 0.7, "hand-over": 0.85 };
/** Ordered like the steps at both ends, so that levels which move alone stay in their order. */
export const LEVEL_BOUNDS: Record<ActingStep, { readonly min: number; readonly max: number }> = {
  warn: { min: 0.3, max: 0.7 },
  drain: { min: 0.5, max: 0.85 },
  "hand-over": { min: 0.7, max: 0.97 },
};
/** The share of alarms that should be right. What costs more must be right more often. */
export const PRECISION_AIM: Record<ActingStep, number> = { warn: 0.5, drain: 0.7, "hand-over": 0.8 };
/** Of the level of warning: as much lower that noise around that level calls nothing off. */
const CANCEL_SHARE = 0.6;
const LEVEL_STEP = 0.02;
const ADJUST_MS_MIN = 86_400_000;
/** What is older than the newest hundred says more about an older model than about this one. */
const EPISODES_MAX = 100;
const RIGHT_MIN = 3;
/** One false alarm may be anything. */
const WRONG_MIN = 2;
/** Two-sided 90 %, so each bound is passed by chance once in twenty times. */
const WILSON_Z = 1.645;

export const cancelLevel = (levels: PreemptionLevels): number => CANCEL_SHARE * levels.warn;

/** The highest step whose level the probability reaches. */
export function reachedStep(probability: number, levels: PreemptionLevels): Step {
  return STEPS.findLast((step) => step === "watch" || probability >= levels[step]) ?? "watch";
}

export function precisionBounds({ right, wrong }: { readonly right: number; readonly wrong: number }): {
  readonly low: number;
  readonly high: number;
} {
  const count = right + wrong;
  if (count === 0) return { low: 0, high: 1 };
  const share = right / count;
  const square = WILSON_Z * WILSON_Z;
  const middle = share + square / (2 * count);
  const spread = WILSON_Z * Math.sqrt((share * (1 - share)) / count + square / (4 * count * count));
  const whole = 1 + square / count;
  return { low: Math.max(0, (middle - spread) / whole), high: Math.min(1, (middle + spread) / whole) };
}

export type LevelFacts = {
  readonly levels: PreemptionLevels;
  /** When each level was last moved; what was scored before has had its effect. */
  readonly movedAtMs: Readonly<Record<ActingStep, number>>;
  readonly episodes: Readonly<Record<ActingStep, readonly Episode[]>>;
  readonly nowMs: number;
};
export type LevelChange = {
  readonly step: ActingStep;
  readonly kind: "raised" | "lowered" | "kept";
  readonly level: number;
  readonly reason: string;
};

/** One answer for each level, in the order of the steps. The caller writes `movedAtMs` for those that moved. */
export function adjustLevels(facts: LevelFacts): LevelChange[] {
  return ACTING_STEPS.map((step) => adjusted(step, facts));
}

function adjusted(step: ActingStep, { levels, movedAtMs, episodes, nowMs }: LevelFacts): LevelChange {
  const level = levels[step];
  const { min, max } = LEVEL_BOUNDS[step];
  const record = newest(episodes[step]);
  const { low, high } = precisionBounds(countOf(record));
  const news = countOf(record.filter(({ scoredAtMs }) => scoredAtMs > movedAtMs[step]));
  const aim = PRECISION_AIM[step];
  const summary = `${describe(record)}, at least ${low.toFixed(2)} and at most ${high.toFixed(2)} are right, ${aim} are aimed at`;
  const to = (kind: LevelChange["kind"], next: number, reason: string): LevelChange => ({ step, kind, level: next, reason });
  const isDue = nowMs - movedAtMs[step] >= ADJUST_MS_MIN;
  if (!isDue) return to("kept", level, `it was moved less than a day ago; ${summary}`);
  if (high < aim && news.wrong >= WRONG_MIN) {
    if (level >= max) return to("kept", level, `it is at its bound of ${max}; ${summary}`);
    return to("raised", bounded(level + LEVEL_STEP, min, max), summary);
  }
  if (low >= aim && news.right >= RIGHT_MIN) {
    if (level <= min) return to("kept", level, `it is at its bound of ${min}; ${summary}`);
    return to("lowered", bounded(level - LEVEL_STEP, min, max), summary);
  }
  return to("kept", level, `nothing to conclude from the ${news.right + news.wrong} new ones; ${summary}`);
}

export type Trust = { readonly kind: "may-act" | "recommend-only"; readonly reason: string };

/** Whether a step may be taken without a person. A model without a record, such as a new one or a stand-in, only recommends. */
export function trustIn(step: ActingStep, episodes: readonly Episode[], policy: Pick<PreemptionPolicy, "recordMin" | "precisionMin">): Trust {
  const record = newest(episodes);
  const { right, wrong } = countOf(record);
  const { low } = precisionBounds({ right, wrong });
  const summary = `of alarms that reached ${step}, ${describe(record)}`;
  if (right + wrong < policy.recordMin) return { kind: "recommend-only", reason: `${summary}; ${policy.recordMin} are asked for` };
  if (low < policy.precisionMin) {
    return { kind: "recommend-only", reason: `${summary}: surely right are ${low.toFixed(2)}, ${policy.precisionMin} are asked for` };
  }
  return { kind: "may-act", reason: `${summary}: surely right are ${low.toFixed(2)}` };
}

const newest = (episodes: readonly Episode[]): Episode[] =>
  episodes
    .filter(({ kind }) => kind !== "unknown")
    .toSorted((a, b) => b.scoredAtMs - a.scoredAtMs)
    .slice(0, EPISODES_MAX);
const countOf = (episodes: readonly Episode[]): { right: number; wrong: number } => {
  const right = episodes.filter(({ kind }) => kind === "foretold").length;
  return { right, wrong: episodes.length - right };
};
const describe = (episodes: readonly Episode[]): string => {
  const { right, wrong } = countOf(episodes);
  return `${right} were right and ${wrong} false`;
};
/** To the hundredth, so that twenty steps up and twenty down end where they began. */
const bounded = (level: number, min: number, max: number): number => Math.round(100 * Math.min(max, Math.max(min, level))) / 100;
