/**
 * One point of one metric in, one verdict out, at a constant cost and from the past alone. The verdict explains itself; the state is
 * changed in place and returned.
 */

import { expectedBand, explain } from "./band.ts";
import { adoptLevel, followShort, learnBaseline } from "./baseline.ts";
import { type Evidence, strengthTail, tailOf, weighEvidence } from "./evidence.ts";
import { DAY_MS, type ThresholdSettings } from "./settings.ts";
import { AT, read, startState, type ThresholdState, VIEWS, write } from "./state.ts";
import { learnStatistic, rarityOf } from "./tail.ts";
import { adaptThreshold, thresholdRarity } from "./threshold.ts";
import { judgeUrgency } from "./urgency.ts";
import type { Point, Verdict } from "./verdict.ts";

export type Observed = { readonly state: ThresholdState; readonly verdict: Verdict };

/** Fewer points have no spread to speak of. */
const LEARNING_POINTS = 50;
/** A longer silence than this many cadences is a gap: the step across it is no step. */
const GAP_CADENCES = 3;
const CADENCE_SHARE = 0.05;
/** No metric means more than this; it leaves the tables' short numbers room. */
const VALUE_MAX = 1e30;
/** An anomaly that has paused for so many points is over; what comes later is another one. */
export const CALM_POINTS = 12;

export function start(): ThresholdState {
  return startState();
}

export function observe(state: ThresholdState, point: Point, settings: ThresholdSettings): Observed {
  const measured = readValue(state, point, settings);
  if (measured === null) return { state, verdict: gap("nothing was measured, so nothing is learned") };
  const { atMs } = point;
  if (read(state, AT.points) === 0) begin(state, atMs, measured);
  else if (atMs <= read(state, AT.lastAtMs)) return { state, verdict: gap("the point is not newer than the last one") };
  const value = measured - read(state, AT.origin);
  const isAfterGap = followTime(state, atMs);
  followShort(state, value, isAfterGap);
  const evidence = weighEvidence(state, atMs, value);
  const isLearning = read(state, AT.points) <= LEARNING_POINTS;
  const score = isLearning ? 0 : judgeUrgency(state, evidence.strength);
  const rarity = rarityOf(strengthTail(state), evidence.strength);
  const limit = thresholdRarity(state, settings);
  const isAnomalous = !isLearning && rarity >= limit;
  const band = expectedBand(state, evidence, limit, settings);
  const verdict: Verdict = {
    kind: isLearning ? "learning" : isAnomalous ? "anomalous" : "normal",
    score,
    band,
    rarity: (10 ** -rarity * DAY_MS) / Math.max(1, read(state, AT.cadenceMs)),
    reason: "",
  };
  const isHeld = !Number.isNaN(read(state, AT.heldSinceMs));
  learn(state, { atMs, value, evidence, rarity, isAnomalous, isLearning, isHeld }, settings);
  return { state, verdict: { ...verdict, reason: explain(verdict, measured, evidence) } };
}

type Learnt = {
  readonly atMs: number;
  readonly value: number;
  readonly evidence: Evidence;
  readonly rarity: number;
  readonly isAnomalous: boolean;
  readonly isLearning: boolean;
  readonly isHeld: boolean;
};

/** An anomaly teaches the tails once, when it begins, and the baseline nothing, until it has lasted long enough to be the baseline. */
function learn(state: ThresholdState, { atMs, value, evidence, rarity, isAnomalous, isLearning, isHeld }: Learnt, settings: ThresholdSettings): void {
  if (!isHeld || !isAnomalous) {
    VIEWS.forEach((view, place) => {
      learnStatistic(tailOf(state, place), evidence.statistics[view]);
    });
    if (!isLearning) learnStatistic(strengthTail(state), evidence.strength);
  }
  if (!isLearning) adaptThreshold(state, settings, isAnomalous && !isHeld ? { rarity } : null);
  if (!isAnomalous) learnBaseline(state, atMs, value, evidence);
  hold(state, { atMs, value, isAnomalous, isHeld }, settings);
}

function hold(
  state: ThresholdState,
  { atMs, value, isAnomalous, isHeld }: Pick<Learnt, "atMs" | "value" | "isAnomalous" | "isHeld">,
  { adoptAfterMs }: ThresholdSettings,
): void {
  if (!isAnomalous) {
    if (!isHeld) return;
    const calm = read(state, AT.heldCalm) + 1;
    write(state, AT.heldCalm, calm);
    if (calm >= CALM_POINTS) write(state, AT.heldSinceMs, Number.NaN);
    return;
  }
  const points = isHeld ? read(state, AT.heldPoints) + 1 : 1;
  if (!isHeld) write(state, AT.heldSinceMs, atMs);
  write(state, AT.heldCalm, 0);
  write(state, AT.heldPoints, points);
  const mean = points === 1 ? value : read(state, AT.heldMean) + (value - read(state, AT.heldMean)) / points;
  write(state, AT.heldMean, mean);
  if (atMs - read(state, AT.heldSinceMs) < adoptAfterMs) return;
  adoptLevel(state, mean - read(state, AT.level));
  write(state, AT.heldSinceMs, Number.NaN);
}

function begin(state: ThresholdState, atMs: number, value: number): void {
  for (const [at, first] of [
    [AT.firstAtMs, atMs],
    [AT.origin, value],
    [AT.level, 0],
    [AT.previous, 0],
  ] as const)
    write(state, at, first);
}

/** Follows the cadence and says whether points are missing before this one. */
function followTime(state: ThresholdState, atMs: number): boolean {
  const points = read(state, AT.points) + 1;
  const lastAtMs = read(state, AT.lastAtMs);
  write(state, AT.points, points);
  write(state, AT.lastAtMs, atMs);
  if (Number.isNaN(lastAtMs)) return false;
  const sinceMs = atMs - lastAtMs;
  const cadenceMs = read(state, AT.cadenceMs);
  const isAfterGap = cadenceMs > 0 && sinceMs > GAP_CADENCES * cadenceMs;
  // Nobody saw the level hold during a gap, so a gap is no part of the time it held.
  if (isAfterGap) write(state, AT.heldSinceMs, read(state, AT.heldSinceMs) + sinceMs - cadenceMs);
  const learnt = isAfterGap ? GAP_CADENCES * cadenceMs : sinceMs;
  write(state, AT.cadenceMs, cadenceMs === 0 ? sinceMs : cadenceMs + CADENCE_SHARE * (learnt - cadenceMs));
  return isAfterGap;
}

/** A counter's increase; after a reset that is the count itself. */
function readValue(state: ThresholdState, { value }: Point, { isCounter }: ThresholdSettings): number | null {
  if (value === null || !(Math.abs(value) <= VALUE_MAX)) return null;
  if (!isCounter) return value;
  const before = read(state, AT.counterLast);
  write(state, AT.counterLast, value);
  if (Number.isNaN(before)) return null;
  return value >= before ? value - before : value;
}

function gap(reason: string): Verdict {
  return { kind: "gap", score: 0, band: null, rarity: null, reason };
}
