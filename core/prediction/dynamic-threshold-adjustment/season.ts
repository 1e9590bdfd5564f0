/**
 * What a metric usually is at this time of the hour, the day or the week. Every period keeps its own table; the one that lately foretold the
 * metric best is used, after two whole rounds of it, two days at least, and by a clear margin. No period is configured; the table of a
 * period that a metric does not follow holds its level and its extremes, which does no harm.
 */
import { PERIODS, type Period, SLOT_CELLS } from "./season-shape.ts";
import { DAY_MS } from "./settings.ts";
import { AT, PERIOD_NUMBERS, periodNumbersAt, read, type ThresholdState, write } from "./state.ts";

/** `low` and `high` are what neighbouring slots usually hold; `reachLow` and `reachHigh` the extremes lately seen around this time. */
export type Expectation = { readonly low: number; readonly high: number; readonly reachLow: number; readonly reachHigh: number };

const NEIGHBOUR_SLOTS = 1;
const ROUNDS_MIN = 2;
const ROUNDS_MIN_MS = 2 * DAY_MS;
/** Another period takes over when its error is this much smaller. */
const MARGIN = 0.7;
/** A slot's mean is over about ten rounds; its extremes close in by a sixteenth a round, so what stopped recurring is forgotten. */
const ROUND_SHARE_MIN = 0.1;
const EXTREME_FADING = 1 / 16;
/** A value enters a slot's mean no further away than this many residual spreads and one spread of the metric. */
const RESIDUALS_MAX = 6;
const RESIDUALS_KNOWN = 50;
const CLIP_SCALES = 4;

export function expectAt(state: ThresholdState, atMs: number): Expectation | null {
  const active = read(state, AT.activePeriod);
  const period = PERIODS[active];
  if (!period) throw new RangeError(`no period has the number ${active}`);
  const slot = slotOf(period, atMs);
  const near = {
    low: Number.POSITIVE_INFINITY,
    high: Number.NEGATIVE_INFINITY,
    reachLow: Number.POSITIVE_INFINITY,
    reachHigh: Number.NEGATIVE_INFINITY,
  };
  for (let away = -period.reachSlots; away <= period.reachSlots; away += 1) {
    const at = cellOf(period, (slot + away + period.slots) % period.slots);
    const mean = state.tables[at] ?? Number.NaN;
    if (Number.isNaN(mean)) continue;
    near.reachLow = Math.min(near.reachLow, state.tables[at + 1] ?? mean);
    near.reachHigh = Math.max(near.reachHigh, state.tables[at + 2] ?? mean);
    if (Math.abs(away) > NEIGHBOUR_SLOTS) continue;
    near.low = Math.min(near.low, mean);
    near.high = Math.max(near.high, mean);
  }
  return near.high === Number.NEGATIVE_INFINITY ? null : near;
}

/** Learns a value that is no confirmed anomaly, in every period's table, and says which period is best. */
export function learnSeason(state: ThresholdState, atMs: number, value: number, share: number): void {
  const scale = read(state, AT.scale);
  const clip = (error: number): number => (scale > 0 ? Math.min(Math.abs(error), CLIP_SCALES * scale) : Math.abs(error));
  PERIODS.forEach((period, place) => {
    if (read(state, AT.cadenceMs) * SLOT_CELLS > period.lengthMs) return;
    const at = cellOf(period, slotOf(period, atMs));
    const mean = state.tables[at] ?? Number.NaN;
    const errorAt = periodNumbersAt(place) + PERIOD_NUMBERS.error;
    if (!Number.isNaN(mean)) write(state, errorAt, blend(read(state, errorAt), clip(value - mean), share));
    learnSlot(state, { period, place, at, atMs, value });
  });
  choosePeriod(state, atMs);
}

/** Moves every table by the change of level that was adopted. */
export function moveSeason(state: ThresholdState, by: number): void {
  const cells = PERIODS.reduce((sum, { slots }) => sum + slots * SLOT_CELLS, 0);
  for (let at = 0; at < cells; at += 1) state.tables[at] = (state.tables[at] ?? Number.NaN) + by;
}

type Learnt = { readonly period: Period; readonly place: number; readonly at: number; readonly atMs: number; readonly value: number };

function learnSlot(state: ThresholdState, { period, place, at, atMs, value }: Learnt): void {
  const { tables } = state;
  const mean = tables[at] ?? Number.NaN;
  const lastSlotAt = periodNumbersAt(place) + PERIOD_NUMBERS.lastSlot;
  const isEntered = read(state, lastSlotAt) !== at;
  write(state, lastSlotAt, at);
  if (Number.isNaN(mean)) {
    tables.fill(value, at, at + SLOT_CELLS);
    return;
  }
  const residualScale = read(state, AT.residualScale);
  const limit = read(state, AT.residuals) > RESIDUALS_KNOWN ? RESIDUALS_MAX * residualScale + read(state, AT.scale) : Number.POSITIVE_INFINITY;
  const share = Math.max(ROUND_SHARE_MIN, 1 / (roundsOf(state, period, atMs) + 2));
  tables[at] = mean + share * Math.max(-limit, Math.min(limit, value - mean));
  const low = tables[at + 1] ?? value;
  const high = tables[at + 2] ?? value;
  const closing = isEntered ? ((high - low) / 2) * EXTREME_FADING : 0;
  tables[at + 1] = Math.min(value, low + closing);
  tables[at + 2] = Math.max(value, high - closing);
}

function choosePeriod(state: ThresholdState, atMs: number): void {
  const active = read(state, AT.activePeriod);
  const sinceMs = atMs - read(state, AT.firstAtMs);
  let best = { place: active, error: MARGIN * errorOf(state, active) };
  PERIODS.forEach(({ lengthMs }, place) => {
    if (sinceMs < Math.max(ROUNDS_MIN * lengthMs, ROUNDS_MIN_MS) || read(state, AT.cadenceMs) * SLOT_CELLS > lengthMs) return;
    const error = errorOf(state, place);
    if (error < best.error) best = { place, error };
  });
  write(state, AT.activePeriod, best.place);
}

function errorOf(state: ThresholdState, place: number): number {
  return read(state, periodNumbersAt(place) + PERIOD_NUMBERS.error);
}

function roundsOf(state: ThresholdState, { lengthMs }: Period, atMs: number): number {
  return Math.floor((atMs - read(state, AT.firstAtMs)) / lengthMs);
}

function slotOf({ lengthMs, slots }: Period, atMs: number): number {
  const into = ((atMs % lengthMs) + lengthMs) % lengthMs;
  return Math.min(slots - 1, Math.floor((into / lengthMs) * slots));
}

function cellOf({ cellsAt }: Period, slot: number): number {
  return cellsAt + slot * SLOT_CELLS;
}

function blend(before: number, now: number, share: number): number {
  return before + share * (now - before);
}
