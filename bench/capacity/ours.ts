/** The product's own decision, replayed: the forecast is moved on once a minute, and each stated risk decides for a fleet of its own. */
import { decideCapacity } from "../../core/scaling/adaptive-resource-allocation/adaptive-capacity.ts";
import { observeMinute, startForecaster } from "../../core/scaling/predictive-resource-scaling/capacity-forecaster.ts";
import { planCapacity } from "../../core/scaling/predictive-resource-scaling/capacity-plan.ts";
import { defaultPolicy } from "../../core/scaling/predictive-resource-scaling/capacity-settings.ts";
import { LEAD_MINUTES, type Scaler, type Seen } from "./replay.ts";

const MINUTE_MS = 60_000;
const WINDOW_MINUTES = 5;
const UNITS_MAX = 1_000_000;
const POLICY = defaultPolicy(1, UNITS_MAX);

export type Tally = { adaptiveMinutes: number; statedShort: number; statedMinutes: number };

/** One forecast for several fleets, since it does not depend on what they run. */
export function sharedForecast(): (seen: Seen) => ReturnType<typeof startForecaster> {
  let state = startForecaster(LEAD_MINUTES);
  return ({ minute, demand }) => {
    state = observeMinute(state, minute, demand);
    return state;
  };
}

/** `scoredFrom` is the minute from which decisions are tallied. */
export function predictive(risk: number, forecast: ReturnType<typeof sharedForecast>, scoredFrom: number): { scaler: Scaler; tally: Tally } {
  const tally: Tally = { adaptiveMinutes: 0, statedShort: 0, statedMinutes: 0 };
  const changes = lastChanges();
  const scaler: Scaler = (seen) => {
    const running = seen.readyUnits + seen.startingUnits;
    const plan = planCapacity({ ...factsOf(seen, changes), forecaster: forecast(seen), minute: seen.minute, risk, removableUnits: running - 1 });
    changes.note(plan.kind, seen.minute);
    if (seen.minute >= scoredFrom) {
      if (plan.by === "adaptive") tally.adaptiveMinutes += 1;
      else {
        tally.statedShort += plan.shortChance ?? 0;
        tally.statedMinutes += 1;
      }
    }
    return plan.to;
  };
  return { scaler, tally };
}

export function adaptive(): Scaler {
  const changes = lastChanges();
  return (seen) => {
    const { kind, to } = decideCapacity(factsOf(seen, changes));
    changes.note(kind, seen.minute);
    return to;
  };
}

function lastChanges() {
  const last: { outMs: number | null; inMs: number | null } = { outMs: null, inMs: null };
  return {
    last,
    note(kind: "hold" | "out" | "in", minute: number): void {
      if (kind === "out") last.outMs = minute * MINUTE_MS;
      if (kind === "in") last.inMs = minute * MINUTE_MS;
    },
  };
}

function factsOf({ minute, demand, history, readyUnits, startingUnits }: Seen, { last }: ReturnType<typeof lastChanges>) {
  const nowMs = minute * MINUTE_MS;
  return {
    nowMs,
    trigger: "schedule" as const,
    readyUnits,
    startingUnits,
    unitCapacity: 1,
    demandNow: demand,
    demandWindow: history.slice(-WINDOW_MINUTES - 1, -1),
    measuredAtMs: nowMs,
    lastOutMs: last.outMs,
    lastInMs: last.inMs,
    policy: POLICY,
  };
}
