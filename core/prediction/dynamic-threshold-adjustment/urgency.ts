/**
 * How much a person should care now, 0 to 1: the strength of the evidence less what they were told already. Evidence silences its like for
 * a while (an alarm that goes on is one alarm), and strength that keeps coming back is a habit of the metric, not news.
 */
import { AT, HABIT_CELLS, HABITS_AT, read, type ThresholdState, write } from "./state.ts";

/** Weaker evidence is neither remembered nor counted. */
const STRENGTH_MIN = 1;
/** Of the latest strength so much is taken off, and it fades over so many points. */
const SILENCED_SHARE = 0.75;
const SILENCE_POINTS = 280;
/** Within the silence only what is stronger than what was told, by this factor, is news at all. */
const LOUDER = 1.1;
/** So much is taken off for each doubling of like events in the past. */
const HABIT_COST = 0.42;
/** An event is like the present one from this share of its strength. */
const LIKENESS = 0.8;
/** Evidence that paused this long was one event. */
const EVENT_PAUSE_POINTS = 43;
const HABIT_POINTS = 4_800;
const FADING_POINTS = 16;
const CELLS_PER_STRENGTH = 4;
const HALF_SCORE_STRENGTH = 3;

export function judgeUrgency(state: ThresholdState, strength: number): number {
  const memory = read(state, AT.memory);
  const net = strength < LOUDER * memory ? 0 : strength - SILENCED_SHARE * memory - HABIT_COST * Math.log2(1 + likeEvents(state, strength));
  write(state, AT.memory, Math.max(memory * (1 - 1 / SILENCE_POINTS), strength > STRENGTH_MIN ? strength : 0));
  countEvent(state, strength);
  return 1 - 2 ** (-Math.max(0, net) / HALF_SCORE_STRENGTH);
}

function likeEvents({ tables }: ThresholdState, strength: number): number {
  let events = 0;
  for (let cell = cellOf(LIKENESS * strength); cell < HABIT_CELLS; cell += 1) events += tables[HABITS_AT + cell] ?? 0;
  return events;
}

function countEvent(state: ThresholdState, strength: number): void {
  const { tables } = state;
  const peak = read(state, AT.peak);
  write(state, AT.sincePeak, read(state, AT.sincePeak) + 1);
  if (strength > STRENGTH_MIN) {
    write(state, AT.peak, Math.max(peak, strength));
    write(state, AT.sincePeak, 0);
  } else if (peak > 0 && read(state, AT.sincePeak) > EVENT_PAUSE_POINTS) {
    const at = HABITS_AT + cellOf(peak);
    tables[at] = (tables[at] ?? 0) + 1;
    write(state, AT.peak, 0);
  }
  if (read(state, AT.points) % FADING_POINTS !== 0) return;
  for (let cell = 0; cell < HABIT_CELLS; cell += 1) {
    tables[HABITS_AT + cell] = (tables[HABITS_AT + cell] ?? 0) * Math.exp(-FADING_POINTS / HABIT_POINTS);
  }
}

function cellOf(strength: number): number {
  return Math.min(HABIT_CELLS - 1, Math.floor(strength * CELLS_PER_STRENGTH));
}
