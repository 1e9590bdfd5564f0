/**
 * One question about the minutes ahead, forecast and learned: demand at the minute when a unit ordered now is ready, or the peak until then.
 * Each answer waits for its minute and then teaches drift, spread and tail, strictly in the order of time.
 */
import { type Drift, expectMove, learnMove, startDrift } from "./capacity-drift.ts";
import { type Levels, readSignal, type Signal } from "./capacity-signal.ts";
import { expectSpread, learnRise, type Spread, spreadCauses, startSpread } from "./capacity-spread.ts";
import { chanceBeyond, groupsOf, learnTail, startTail, survivalOf, type Tail, widening } from "./capacity-tail.ts";

/** An answer whose minute has not come. `peak` is the highest demand since, as a logarithm, 0 before any; null once a gap may have hidden a higher one. */
export type Awaited = {
  readonly target: number;
  readonly value: number;
  readonly peak: number | null;
  readonly base: number;
  readonly driftFeatures: readonly number[];
  readonly move: number;
  readonly causes: readonly number[];
  readonly spread: number;
  readonly slot: number;
  readonly groups: readonly number[];
  readonly width: number;
};

export type Outlook = {
  readonly asks: "demand" | "peak";
  readonly drift: Drift;
  readonly spread: Spread;
  readonly tail: Tail;
  readonly awaited: readonly Awaited[];
};

/** How an answer turned out: errors of the logarithm beside those of "it stays as it is", and whether it rose beyond the watched quantile. */
export type Outcome = { readonly error: number; readonly naiveError: number; readonly isBeyond: boolean };

const MINUTES_PER_DAY = 1_440;
const SLOT_MINUTES = 5;
const DRIFT_FEATURES = 9;

export function startOutlook(asks: Outlook["asks"]): Outlook {
  return { asks, drift: startDrift(DRIFT_FEATURES), spread: startSpread(), tail: startTail(), awaited: [] };
}

/** Takes the minute's demand as a logarithm (null: a gap) and learns from the answers that were for it. */
export function settle(outlook: Outlook, minute: number, value: number | null): { outlook: Outlook; outcome: Outcome | null } {
  const peakOf = ({ peak }: Awaited): number | null => (peak === null || value === null ? null : Math.max(peak, value));
  const seen = outlook.awaited.map((each) => ({ ...each, peak: peakOf(each) }));
  const due = seen.find(({ target }) => target === minute);
  const awaited = seen.filter(({ target }) => target > minute);
  const came = due === undefined ? null : outlook.asks === "peak" ? due.peak : value;
  if (due === undefined || came === null) return { outlook: { ...outlook, awaited }, outcome: null };
  const moved = came - due.base;
  const rise = Math.max(0, moved - due.move);
  const { watched } = survivalOf(outlook.tail);
  const spreads = rise / due.width;
  return {
    outlook: {
      asks: outlook.asks,
      drift: learnMove(outlook.drift, due.driftFeatures, moved),
      spread: learnRise(outlook.spread, due.causes, due.spread, due.slot, rise),
      tail: learnTail(outlook.tail, due.groups, spreads, watched),
      awaited,
    },
    outcome: { error: Math.abs(moved - due.move), naiveError: Math.abs(came - due.value), isBeyond: spreads > watched },
  };
}

/** Adds the answer of this minute for `leadMinutes` later. */
export function lookAhead(outlook: Outlook, levels: Levels, value: number, minute: number, leadMinutes: number): Outlook {
  const signal: Signal = readSignal(levels, value);
  const minuteOfDay = (((minute + leadMinutes) % MINUTES_PER_DAY) + MINUTES_PER_DAY) % MINUTES_PER_DAY;
  const slot = Math.floor(minuteOfDay / SLOT_MINUTES);
  const causes = spreadCauses(outlook.spread, signal.spreadFeatures, slot);
  const spread = expectSpread(outlook.spread, causes);
  const { fastVariance, slowVariance } = outlook.spread;
  const groups = groupsOf({ size: signal.size, minuteOfDay, slope: signal.slope, fastVariance, slowVariance });
  const answer: Awaited = {
    target: minute + leadMinutes,
    value,
    peak: 0,
    base: signal.base,
    driftFeatures: signal.driftFeatures,
    move: expectMove(outlook.drift, signal.driftFeatures),
    causes,
    spread,
    slot,
    groups,
    width: spread * widening(outlook.tail, groups),
  };
  return { ...outlook, awaited: [...outlook.awaited, answer] };
}

export type Ahead = {
  /** Expected demand, in units. */
  readonly expectedUnits: number;
  /** The chance that demand needs more than so many units. Falls as units grow. */
  readonly chanceAbove: (units: number) => number;
};

/** The newest answer, read. */
export function readAhead({ awaited, tail }: Outlook): Ahead | null {
  const newest = awaited.at(-1);
  if (newest === undefined) return null;
  const { survival } = survivalOf(tail);
  const center = newest.base + newest.move;
  return {
    expectedUnits: Math.max(0, Math.exp(center) - 1),
    chanceAbove: (units) => chanceBeyond(survival, (Math.log(units + 1) - center) / newest.width),
  };
}
