/**
 * The level and spread of a metric, and its short means: each value enters clipped, so that no single one moves them far, and confirmed
 * anomalies do not enter at all. What has lasted for the stated time is adopted in one step.
 */
import type { Evidence } from "./evidence.ts";
import { learnSeason, moveSeason } from "./season.ts";
import { AT, read, type ThresholdState, write } from "./state.ts";

/** The level follows over about as many points; a younger state is quicker. */
const LEVEL_POINTS = 1_500;
const SHORT_POINTS = 10.5;
const CLIP_SCALES = 4;
const CLIP_SHORT = 5;
const CLIP_STEPS = 10;
const POINTS_EARLY = 20;

/** The short means see every point: they are what is judged, not what it is judged by. */
export function followShort(state: ThresholdState, value: number, isAfterGap: boolean): void {
  const scale = read(state, AT.scale);
  const deviation = scale > 0 ? (value - read(state, AT.level)) / scale : 0;
  move(state, AT.shift, clip(deviation, CLIP_SHORT), 1 / SHORT_POINTS);
  const before = read(state, AT.previous);
  write(state, AT.previous, value);
  if (isAfterGap || Number.isNaN(before)) return;
  const step = Math.abs(value - before);
  const stepScale = read(state, AT.stepScale);
  if (stepScale > 0) move(state, AT.swing, Math.min(CLIP_STEPS, step / stepScale), 1 / SHORT_POINTS);
  move(state, AT.stepScale, clipEarly(state, step, stepScale), shareOf(state));
}

export function learnBaseline(state: ThresholdState, atMs: number, value: number, { expected, residual }: Evidence): void {
  const share = shareOf(state);
  const level = read(state, AT.level);
  const scale = read(state, AT.scale);
  const distance = clipEarly(state, Math.abs(value - level), scale);
  write(state, AT.level, level + share * Math.sign(value - level) * distance);
  move(state, AT.scale, distance, share);
  if (expected) {
    const residuals = read(state, AT.residuals) + 1;
    write(state, AT.residuals, residuals);
    const before = read(state, AT.residualScale);
    const now = residuals > POINTS_EARLY && before > 0 ? Math.min(Math.abs(residual), CLIP_SCALES * before) : Math.abs(residual);
    move(state, AT.residualScale, now, Math.max(1 / residuals, 1 / LEVEL_POINTS));
  }
  learnSeason(state, atMs, value, share);
}

/** The level that held against the baseline becomes the baseline: everything moves by the difference. */
export function adoptLevel(state: ThresholdState, by: number): void {
  write(state, AT.level, read(state, AT.level) + by);
  write(state, AT.shift, 0);
  moveSeason(state, by);
}

function shareOf(state: ThresholdState): number {
  return Math.max(1 / read(state, AT.points), 1 / LEVEL_POINTS);
}

function clipEarly(state: ThresholdState, distance: number, scale: number): number {
  return read(state, AT.points) > POINTS_EARLY && scale > 0 ? Math.min(distance, CLIP_SCALES * scale) : distance;
}

function move(state: ThresholdState, at: number, towards: number, share: number): void {
  write(state, at, read(state, at) + share * (towards - read(state, at)));
}

function clip(value: number, limit: number): number {
  return Math.max(-limit, Math.min(limit, value));
}
