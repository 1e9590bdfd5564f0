/**
 * The periods that are tried and how finely each is divided. Which of them a metric follows is learned (`season.ts`); an hour, a day and a
 * week are those of schedules and of people.
 */
import { DAY_MS, WEEK_MS } from "./settings.ts";

export type Period = {
  readonly name: "hour" | "day" | "week";
  readonly lengthMs: number;
  readonly slots: number;
  /** What came this many slots earlier or later in the period is no surprise of its own: schedules drift. */
  readonly reachSlots: number;
  readonly cellsAt: number;
};

/** For each slot its mean and the lowest and highest value lately seen in it. */
export const SLOT_CELLS = 3;
const HOUR_SLOTS = 60;
const DAY_SLOTS = 96;
const WEEK_SLOTS = 168;

export const PERIODS: readonly Period[] = [
  { name: "hour", lengthMs: DAY_MS / 24, slots: HOUR_SLOTS, reachSlots: 4, cellsAt: 0 },
  { name: "day", lengthMs: DAY_MS, slots: DAY_SLOTS, reachSlots: 10, cellsAt: HOUR_SLOTS * SLOT_CELLS },
  { name: "week", lengthMs: WEEK_MS, slots: WEEK_SLOTS, reachSlots: 2, cellsAt: (HOUR_SLOTS + DAY_SLOTS) * SLOT_CELLS },
];
export const SEASON_CELLS = (HOUR_SLOTS + DAY_SLOTS + WEEK_SLOTS) * SLOT_CELLS;
