/**
 * The chance below which a point is anomalous, moved so that alarms begin at the stated rate: adaptive conformal inference (Gibbs and
 * Candès, NeurIPS 2021) on the logarithm of the chance. Each alarm that may be false lowers it, each quiet point raises it a little. An
 * alarm far rarer than the threshold is held to be true and says nothing of the false ones.
 */
import type { ThresholdSettings } from "./settings.ts";
import { AT, read, type ThresholdState, write } from "./state.ts";

/** One alarm lowers the threshold by this factor's logarithm. */
const STEP = 0.5;
/** Held to be true from so many times rarer than the threshold. */
const SURELY_TRUE = Math.log(30);
/** Where the threshold starts, in stated shares: rare points come several to an alarm, and a young tail is cautious. Tuned with the bench `monitoring`. */
const START_LOG = Math.log(4);
/** The threshold stays within these factors of the stated share, whatever happened. */
const LOG_BELOW_MAX = Math.log(10_000);
const LOG_ABOVE_MAX = Math.log(20);
/** An operator's word is worth three of our own guesses. */
const LABEL_STEP = 3 * STEP;

/** −log10 of the chance from which on a point is anomalous. */
export function thresholdRarity(state: ThresholdState, settings: ThresholdSettings): number {
  const log = read(state, AT.logThreshold);
  return -(Number.isNaN(log) ? Math.log(settings.falseAlarmShare) + START_LOG : log) / Math.LN10;
}

export function adaptThreshold(state: ThresholdState, settings: ThresholdSettings, begun: { readonly rarity: number } | null): void {
  const limit = thresholdRarity(state, settings);
  const isInformative = begun === null || (begun.rarity - limit) * Math.LN10 < SURELY_TRUE;
  const by = begun === null ? STEP * settings.falseAlarmShare : isInformative ? -STEP : 0;
  moveThreshold(state, settings, by);
}

/**
 * What an operator says of an alarm moves the threshold: `false` makes the next one rarer, `true` a little more likely. The threshold stays
 * within its limits, however often it is said.
 */
export function applyLabel(state: ThresholdState, label: { readonly isTrue: boolean }, settings: ThresholdSettings): ThresholdState {
  moveThreshold(state, settings, label.isTrue ? LABEL_STEP / 2 : -LABEL_STEP);
  write(state, AT.labels, read(state, AT.labels) + 1);
  return state;
}

function moveThreshold(state: ThresholdState, settings: ThresholdSettings, by: number): void {
  const stated = Math.log(settings.falseAlarmShare);
  const now = read(state, AT.logThreshold);
  const moved = (Number.isNaN(now) ? stated + START_LOG : now) + by;
  write(state, AT.logThreshold, Math.max(stated - LOG_BELOW_MAX, Math.min(stated + LOG_ABOVE_MAX, moved)));
}
