/** From what was looked at to a decision with its reason: the plan's, within the group's and the actuator's bounds, the cooldown and the guard. */
import type { Seen } from "../../../core/kernel/capacity.ts";
import { stayingUnits } from "../../../core/kernel/capacity-rules.ts";
import type { ScalingCell, ScalingDecision, ScalingTrigger } from "../../../core/kernel/scaling.ts";
import type { ScalingGroup } from "../../../core/kernel/scaling-policy.ts";
import type { MeasuredDemand } from "../../../core/scaling/adaptive-resource-allocation/measured-demand.ts";
import type { CapacityForecaster } from "../../../core/scaling/predictive-resource-scaling/capacity-forecaster.ts";
import { readAhead } from "../../../core/scaling/predictive-resource-scaling/capacity-outlook.ts";
import { type CapacityPlan, planCapacity } from "../../../core/scaling/predictive-resource-scaling/capacity-plan.ts";
import { defaultPolicy } from "../../../core/scaling/predictive-resource-scaling/capacity-settings.ts";
import type { Lead } from "../../../core/scaling/predictive-resource-scaling/lead-time.ts";
import type { Surroundings } from "./surroundings.ts";

/** So many of the units leave by one decision, and one at least: what was let go too soon is missed less. */
const LEAVING_SHARE = 0.25;
const REASON_CHARACTERS_MAX = 2_000;

export type DecisionFacts = Surroundings & {
  readonly group: ScalingGroup;
  readonly cell: ScalingCell;
  readonly seen: Seen;
  readonly demand: MeasuredDemand;
  readonly lead: Lead;
  readonly forecaster: CapacityForecaster;
  /** Units that were told to serve. */
  readonly ready: number;
  readonly trigger: ScalingTrigger;
  readonly nowMs: number;
};

/** `from` and `to` count the declared members that are well, units that are ready, and units that were asked for. */
export function decideChange(facts: DecisionFacts): ScalingDecision {
  const { group, seen, demand, forecaster, declaredReady, ready, trigger, nowMs } = facts;
  const readyUnits = declaredReady + ready;
  const startingUnits = Math.max(stayingUnits(seen).length, seen.desired) - ready;
  const running = readyUnits + startingUnits;
  const planned = planOf(facts, readyUnits, startingUnits);
  const plan = planned.kind === "in" ? heldBack(planned, facts, running) : planned;
  const ahead = readAhead(forecaster.ordering);
  const leaving = plan.kind === "in" ? facts.removable.slice(0, running - plan.to) : [];
  return {
    group: group.name,
    atMs: nowMs,
    kind: plan.kind,
    from: running,
    to: plan.to,
    trigger,
    mode: group.mode,
    by: plan.by,
    demand: demand.now,
    carried: readyUnits * group.unitCapacity,
    forecast: ahead === null ? null : ahead.expectedUnits * group.unitCapacity,
    shortChance: plan.shortChance === null ? null : Math.min(1, Math.max(0, plan.shortChance)),
    leaving: [...leaving],
    reason: plan.reason.slice(0, REASON_CHARACTERS_MAX),
    outcome: null,
  };
}

function planOf(
  { group, cell, seen, demand, forecaster, declaredReady, removable, trigger, nowMs }: DecisionFacts,
  readyUnits: number,
  startingUnits: number,
) {
  const min = Math.max(group.min, seen.min) + declaredReady;
  const max = Math.max(Math.min(group.max, seen.max) + declaredReady, min);
  const running = readyUnits + startingUnits;
  return planCapacity({
    nowMs,
    trigger: trigger === "alarm" ? "alarm" : "schedule",
    readyUnits,
    startingUnits,
    unitCapacity: group.unitCapacity,
    demandNow: demand.now,
    demandWindow: demand.window,
    measuredAtMs: demand.measuredAtMs,
    lastOutMs: cell.lastOutMs,
    lastInMs: cell.lastInMs,
    policy: {
      ...defaultPolicy(min, max),
      stepInUnitsMax: Math.max(1, Math.floor(LEAVING_SHARE * (running - declaredReady))),
      targetShare: group.targetShare,
      cooldownInMs: group.cooldownSeconds * 1_000,
    },
    forecaster,
    minute: demand.minute,
    risk: group.risk,
    removableUnits: removable.length,
  });
}

/** The cooldown holds whoever decided, and so does the measured demand: a forecast takes nothing away that is needed now. */
function heldBack(plan: CapacityPlan, { group, cell, demand, nowMs }: DecisionFacts, running: number): CapacityPlan {
  const hold = (because: string): CapacityPlan => ({ ...plan, kind: "hold", to: running, reason: `${plan.reason}; ${because}` });
  const lastMs = Math.max(cell.lastOutMs ?? 0, cell.lastInMs ?? 0);
  if (nowMs - lastMs < group.cooldownSeconds * 1_000) return hold(`the last change is not ${group.cooldownSeconds} s ago yet`);
  const needed = demand.now === null ? running : Math.ceil(demand.now / group.unitCapacity - 1e-9);
  if (plan.to < needed) return hold(`the demand of now needs ${needed}`);
  return plan;
}
