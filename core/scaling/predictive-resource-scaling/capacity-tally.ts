/** How short and how much over a group was, minute by minute, so that whoever reads its decisions sees what they were worth. */
import type { ScalingTally } from "../../kernel/scaling.ts";

/** Two weeks; then all sums are halved, so that a month ago hardly counts. */
const MINUTES_MAX = 20_160;

export const EMPTY_TALLY: ScalingTally = { minutes: 0, shortMinutes: 0, carriedSum: 0, demandSum: 0 };

/** Counts a minute whose demand is known. */
export function countMinute(tally: ScalingTally, demand: number, carried: number): ScalingTally {
  const next = {
    minutes: tally.minutes + 1,
    shortMinutes: tally.shortMinutes + (demand > carried ? 1 : 0),
    carriedSum: tally.carriedSum + carried,
    demandSum: tally.demandSum + demand,
  };
  if (next.minutes < MINUTES_MAX) return next;
  const { minutes, shortMinutes, carriedSum, demandSum } = next;
  return { minutes: minutes / 2, shortMinutes: shortMinutes / 2, carriedSum: carriedSum / 2, demandSum: demandSum / 2 };
}

/** `over`: mean capacity ÷ mean demand − 1. Null where nothing was counted, or no demand came. */
export function sharesOf({ minutes, shortMinutes, carriedSum, demandSum }: ScalingTally): { short: number | null; over: number | null } {
  return { short: minutes === 0 ? null : shortMinutes / minutes, over: demandSum === 0 ? null : carriedSum / demandSum - 1 };
}
