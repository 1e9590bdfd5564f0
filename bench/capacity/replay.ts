/**
 * The rules that every scaler is replayed by. A decision at the end of minute t knows demand up to t; what it starts is ready for minute
 * t + 5 and paid from t; what it stops is gone at once, the newest first. So ready units at t are the fewest that were wanted since t − 5.
 */
export const LEAD_MINUTES = 5;

export type Seen = {
  /** Minutes since 1970. */
  readonly minute: number;
  /** Demand of the minute in units of capacity; null is a gap. */
  readonly demand: number | null;
  /** The minutes before it and itself, newest last. */
  readonly history: readonly (number | null)[];
  readonly readyUnits: number;
  readonly startingUnits: number;
};
export type Scaler = (seen: Seen) => number;
export type Replay = { readonly total: readonly number[]; readonly ready: readonly number[] };

const HISTORY_MINUTES = 30;

export function replay(demand: readonly (number | null)[], firstMinute: number, scaler: Scaler): Replay {
  const total: number[] = [];
  const ready: number[] = [];
  for (let index = 0; index < demand.length; index += 1) {
    const running = total.at(-1) ?? 1;
    const readyUnits = Math.min(running, ...total.slice(Math.max(0, index - LEAD_MINUTES), index));
    const history = demand.slice(Math.max(0, index - HISTORY_MINUTES + 1), index + 1);
    const wanted = scaler({ minute: firstMinute + index, demand: demand[index] ?? null, history, readyUnits, startingUnits: running - readyUnits });
    total.push(wanted);
    ready.push(Math.min(readyUnits, wanted));
  }
  return { total, ready };
}

export type Score = {
  readonly shortMinutes: number;
  readonly scoredMinutes: number;
  readonly shortPercent: number;
  /** Units that run, starting ones included, as they are paid; beside it ready ones alone. */
  readonly overPercent: number;
  readonly overReadyPercent: number;
};

export function score(demand: readonly (number | null)[], { total, ready }: Replay, from: number, to: number): Score {
  let [shortMinutes, scoredMinutes, paid, served, needed] = [0, 0, 0, 0, 0];
  for (let index = from; index < to; index += 1) {
    const units = demand[index];
    if (units === null || units === undefined) continue;
    scoredMinutes += 1;
    if (units > (ready[index] ?? 0)) shortMinutes += 1;
    paid += total[index] ?? 0;
    served += ready[index] ?? 0;
    needed += units;
  }
  if (needed === 0) throw new Error("no demand in the minutes that are scored, and over-provision is a share of it");
  const percent = (value: number): number => 100 * value;
  return {
    shortMinutes,
    scoredMinutes,
    shortPercent: percent(shortMinutes / scoredMinutes),
    overPercent: percent(paid / needed - 1),
    overReadyPercent: percent(served / needed - 1),
  };
}
