/**
 * Decides capacity ahead of demand: out to what the forecast asks for when an order of now is ready, in to what it asks for until units
 * that leave could be had back, and never below what the guard lets go. Where the forecast is young, blind or proven wrong it says
 * so, and the measured demand decides.
 */
import { type AdaptiveFacts, type CapacityDecision, decideCapacity } from "../adaptive-resource-allocation/adaptive-capacity.ts";
import type { CapacityForecaster } from "./capacity-forecaster.ts";
import { needAhead } from "./capacity-need.ts";

export type PlanFacts = AdaptiveFacts & {
  readonly forecaster: CapacityForecaster;
  /** The minute since 1970 that `demandNow` is of. */
  readonly minute: number;
  /** One more unit is worth it if it takes away this much chance of being short in a minute, in (0, 1). */
  readonly risk: number;
  /** Units that the guard lets go now, those that are still starting included. */
  readonly removableUnits: number;
};

export type CapacityPlan = CapacityDecision & {
  readonly by: "forecast" | "adaptive";
  /** The stated chance of being short in the minute when an order of now is ready; null where measured demand decided. */
  readonly shortChance: number | null;
};

/** A whole day: no time of day is then seen for the first time. */
export const HISTORY_MINUTES_MIN = 1_440;

export function planCapacity(facts: PlanFacts): CapacityPlan {
  const { forecaster, policy, risk } = facts;
  const doubt = doubtOf(facts);
  if (doubt !== null) return followDemand(facts, doubt);
  const need = needAhead(forecaster, risk);
  if (need === null) return followDemand(facts, "the forecast has seen no demand");
  const running = facts.readyUnits + facts.startingUnits;
  const within = (units: number): number => Math.min(policy.unitsMax, Math.max(policy.unitsMin, units));
  const fewest = within(need.fewest.units);
  const most = within(need.most.units);
  const sees = `about ${Math.round(need.expectedUnits * 10) / 10} units of demand in ${forecaster.leadMinutes} minutes`;
  const plan = (kind: CapacityDecision["kind"], to: number, reason: string): CapacityPlan => ({
    kind,
    to,
    reason,
    by: "forecast",
    shortChance: need.fewest.shortChance,
  });
  if (running < fewest) return plan("out", Math.min(fewest, running + policy.stepOutUnitsMax), `${sees} ask for ${fewest} units at the stated risk`);
  if (running <= most) return plan("hold", running, `${sees}: ${running} units are between ${fewest} and ${most}`);
  const to = Math.max(most, running - policy.stepInUnitsMax, running - facts.removableUnits);
  if (to >= running) return plan("hold", running, `${sees} need no more than ${most} units, and quorum, zones and archives let none go`);
  return plan("in", to, `${sees} need no more than ${most} units`);
}

function doubtOf({ forecaster, minute, demandNow }: PlanFacts): string | null {
  const { minutesSeen, record, dataMinute } = forecaster;
  if (minutesSeen < HISTORY_MINUTES_MIN) return `the forecast has seen ${minutesSeen} minutes and needs ${HISTORY_MINUTES_MIN}`;
  if (demandNow === null || dataMinute !== minute) return "the forecast has no demand of this minute";
  if (record.isTrusted) return null;
  const percent = Math.round(record.beyondShare * 1_000) / 10;
  return `the forecast's error has risen (demand came above its 99 % bound in ${percent} % of minutes, mean error ${record.error.toFixed(3)} beside ${record.naiveError.toFixed(3)} of the last value)`;
}

function followDemand(facts: PlanFacts, doubt: string): CapacityPlan {
  const decided = decideCapacity(facts);
  const running = facts.readyUnits + facts.startingUnits;
  const to = decided.kind === "in" ? Math.max(decided.to, running - facts.removableUnits) : decided.to;
  const kind = to === running ? "hold" : decided.kind;
  const because = kind === decided.kind ? decided.reason : `${decided.reason}, and quorum, zones and archives let none go`;
  return { kind, to, reason: `${doubt}, so measured demand decides: ${because}`, by: "adaptive", shortChance: null };
}
