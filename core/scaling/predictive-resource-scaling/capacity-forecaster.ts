/**
 * The capacity forecast between function runs: plain data of bounded size, moved on by one minute at a time. The same minute given twice
 * changes nothing, a gap teaches nothing, and a state read back goes on exactly as if it had never been stored.
 */
import { lookAhead, type Outcome, type Outlook, settle, startOutlook } from "./capacity-outlook.ts";
import { type Levels, moveLevels, toLog } from "./capacity-signal.ts";
import { WATCHED_SHARE } from "./capacity-tail.ts";

export type CapacityForecaster = {
  readonly version: 1;
  /** Minutes from an order until the unit serves: measured, not wished for. */
  readonly leadMinutes: number;
  /** The newest minute since 1970 that was taken, gap or not. */
  readonly minute: number | null;
  /** The newest that had data. */
  readonly dataMinute: number | null;
  readonly minutesSeen: number;
  readonly levels: Levels | null;
  /** Demand when an order of now is ready, and the peak until then. */
  readonly ordering: Outlook;
  readonly keeping: Outlook;
  readonly record: ForecastRecord;
};

/** Forgetting means over the last half-day of answers. */
export type ForecastRecord = {
  readonly error: number;
  readonly naiveError: number;
  readonly beyondShare: number;
  readonly isTrusted: boolean;
};

const RECORD_RATE = 1 / 720;
/** Rises beyond the watched quantile come in bursts, so three times as many over half a day are seen in a sound forecast (World Cup 98: 2.8). */
const DISTRUST_SHARE = 4 * WATCHED_SHARE;
const TRUST_SHARE = 2.5 * WATCHED_SHARE;
/** Worse than "it stays as it is" by this factor. */
const DISTRUST_ERROR = 1.25;
const TRUST_ERROR = 1.1;
/** After a gap this long the levels of before say nothing of now. */
const GAP_MINUTES_MAX = 30;

export const LEAD_MINUTES_MAX = 120;

export function startForecaster(leadMinutes: number): CapacityForecaster {
  if (!Number.isInteger(leadMinutes) || leadMinutes < 1 || leadMinutes > LEAD_MINUTES_MAX) {
    throw new RangeError(`a unit's lead time is ${leadMinutes} minutes, and 1 to ${LEAD_MINUTES_MAX} whole minutes are allowed`);
  }
  const record = { error: 0, naiveError: 0, beyondShare: WATCHED_SHARE, isTrusted: true };
  const none = { minute: null, dataMinute: null, minutesSeen: 0, levels: null };
  return { version: 1, leadMinutes, ...none, ordering: startOutlook("demand"), keeping: startOutlook("peak"), record };
}

/** Takes the demand of a whole minute, in units of capacity; null is a gap. Minutes come in order; an older one is a repeat. */
export function observeMinute(state: CapacityForecaster, minute: number, demandUnits: number | null): CapacityForecaster {
  if (state.minute !== null && minute <= state.minute) return state;
  if (demandUnits !== null && !(demandUnits >= 0 && Number.isFinite(demandUnits)))
    throw new RangeError(`demand is ${demandUnits} units, and must be 0 or more`);
  const isAfterHole = state.minute !== null && minute > state.minute + 1;
  // Minutes that nobody told of are gaps: what may have happened in them is not known.
  const before = isAfterHole ? settleBoth(state, minute - 1, null) : state;
  const value = demandUnits === null ? null : toLog(demandUnits);
  const settled = settleBoth(before, minute, value);
  if (value === null) return { ...settled, minute };
  const isStale = state.dataMinute !== null && minute - state.dataMinute > GAP_MINUTES_MAX;
  const levels = moveLevels(isStale ? null : state.levels, value);
  return {
    ...settled,
    minute,
    dataMinute: minute,
    minutesSeen: state.minutesSeen + 1,
    levels,
    ordering: lookAhead(settled.ordering, levels, value, minute, state.leadMinutes),
    keeping: lookAhead(settled.keeping, levels, value, minute, state.leadMinutes),
  };
}

function settleBoth(state: CapacityForecaster, minute: number, value: number | null): CapacityForecaster {
  const ordering = settle(state.ordering, minute, value);
  const keeping = settle(state.keeping, minute, value);
  const record = ordering.outcome === null ? state.record : keepRecord(state.record, ordering.outcome);
  return { ...state, ordering: ordering.outlook, keeping: keeping.outlook, record };
}

function keepRecord(record: ForecastRecord, { error, naiveError, isBeyond }: Outcome): ForecastRecord {
  const follow = (mean: number, value: number): number => mean + RECORD_RATE * (value - mean);
  const next = {
    error: follow(record.error, error),
    naiveError: follow(record.naiveError, naiveError),
    beyondShare: follow(record.beyondShare, isBeyond ? 1 : 0),
  };
  const worse = (share: number, factor: number): boolean => next.beyondShare > share || next.error > factor * next.naiveError + 1e-6;
  const isTrusted = record.isTrusted ? !worse(DISTRUST_SHARE, DISTRUST_ERROR) : !worse(TRUST_SHARE, TRUST_ERROR);
  return { ...next, isTrusted };
}
