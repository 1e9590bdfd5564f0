/**
 * All that is remembered of one metric of one node: two arrays of fixed length, so memory is constant by construction and a restart from
 * bytes goes on with exactly the same numbers. The arrays are changed in place by `observe`; `copyState` keeps an earlier state.
 */
import { PERIODS, SEASON_CELLS } from "./season-shape.ts";
import { TAIL_CELLS } from "./tail.ts";

export type ThresholdState = { readonly numbers: Float64Array; readonly tables: Float32Array };

/** Where each number stands. A new number goes to the end, and the version of the encoding grows. */
export const AT = {
  points: 0,
  firstAtMs: 1,
  lastAtMs: 2,
  cadenceMs: 3,
  level: 4,
  scale: 5,
  previous: 6,
  stepScale: 7,
  /** Short means of the clipped deviation and of the clipped steps. */
  shift: 8,
  swing: 9,
  residualScale: 10,
  residuals: 11,
  activePeriod: 12,
  counterLast: 13,
  /** Natural logarithm of the chance at which a point is anomalous. */
  logThreshold: 14,
  heldSinceMs: 15,
  heldPoints: 16,
  heldMean: 17,
  /** What the latest strong evidence still silences. */
  memory: 18,
  peak: 19,
  sincePeak: 20,
  labels: 21,
  heldCalm: 22,
  /** The first value: all others are kept as their distance from it, so that a table of short numbers loses nothing of a large one. */
  origin: 23,
  periods: 24,
} as const;
export const PERIOD_NUMBERS = { error: 0, lastSlot: 1 } as const;
const PERIOD_NUMBERS_COUNT = 2;

export const VIEWS = ["level", "shift", "swing", "still", "season", "reach"] as const;
export type ViewName = (typeof VIEWS)[number];
/** One tail for each view, and one for their sum. */
const TAILS = VIEWS.length + 1;
export const HABIT_CELLS = 64;

const TAIL_NUMBERS_AT = AT.periods + PERIODS.length * PERIOD_NUMBERS_COUNT;
/** Each tail has its weight of a point and its total. */
const TAIL_NUMBERS = 2;
export const NUMBERS = TAIL_NUMBERS_AT + TAILS * TAIL_NUMBERS;
const TAILS_AT = SEASON_CELLS;
export const HABITS_AT = TAILS_AT + TAILS * TAIL_CELLS;
export const TABLE_CELLS = HABITS_AT + HABIT_CELLS;

export function startState(): ThresholdState {
  const state = { numbers: new Float64Array(NUMBERS), tables: new Float32Array(TABLE_CELLS) };
  state.numbers.fill(Number.NaN, AT.firstAtMs, AT.counterLast + 1);
  for (const at of [AT.cadenceMs, AT.scale, AT.stepScale, AT.shift, AT.swing, AT.residualScale, AT.residuals]) state.numbers[at] = 0;
  // A day is what most of what people use follows; it is kept until another period proves better.
  state.numbers[AT.activePeriod] = PERIODS.findIndex(({ name }) => name === "day");
  state.numbers[AT.logThreshold] = Number.NaN;
  state.numbers[AT.heldSinceMs] = Number.NaN;
  state.tables.fill(Number.NaN, 0, SEASON_CELLS);
  for (let tail = 0; tail < TAILS; tail += 1) state.numbers[tailNumbersAt(tail)] = 1;
  for (let period = 0; period < PERIODS.length; period += 1) state.numbers[periodNumbersAt(period) + PERIOD_NUMBERS.lastSlot] = -1;
  return state;
}

export function copyState({ numbers, tables }: ThresholdState): ThresholdState {
  return { numbers: numbers.slice(), tables: tables.slice() };
}

export function periodNumbersAt(period: number): number {
  return AT.periods + period * PERIOD_NUMBERS_COUNT;
}

export function tailNumbersAt(tail: number): number {
  return TAIL_NUMBERS_AT + tail * TAIL_NUMBERS;
}

export function tailTableAt(tail: number): number {
  return TAILS_AT + tail * TAIL_CELLS;
}

export function read(state: ThresholdState, at: number): number {
  return state.numbers[at] ?? 0;
}

export function write(state: ThresholdState, at: number, value: number): void {
  state.numbers[at] = value;
}

/** Bytes of one state in memory, without the two objects that hold it. */
export function bytesOf({ numbers, tables }: ThresholdState): number {
  return numbers.byteLength + tables.byteLength;
}
