/**
 * How many units should run, by demand as it was measured. Between the fewest units that carry the demand at its target and the most that
 * hysteresis lets stay, nothing changes: so a constant demand reaches one size and keeps it, more demand never gives fewer units, and what
 * is asked twice is answered the same. The target with a tolerance band is the rule of the Kubernetes horizontal autoscaler
 * and of AWS target tracking; the separate cooldowns are AWS's for simple scaling.
 */
export type AdaptivePolicy = {
  readonly unitsMin: number;
  readonly unitsMax: number;
  /** At most so many more, or fewer, by one decision. */
  readonly stepOutUnitsMax: number;
  readonly stepInUnitsMax: number;
  /** The share of a unit's capacity that may be used before more are started, in (0, 1]. */
  readonly targetShare: number;
  /** Units leave only when those that stay would be used less than the target by this share of it, in [0, 1). */
  readonly hysteresisShare: number;
  readonly cooldownOutMs: number;
  readonly cooldownInMs: number;
};

export type CapacityTrigger = "alarm" | "schedule";

export type AdaptiveFacts = {
  readonly nowMs: number;
  readonly trigger: CapacityTrigger;
  readonly readyUnits: number;
  /** Ordered and not ready yet: they count, or each further trigger would order them again. */
  readonly startingUnits: number;
  /** Demand that one unit can serve, in the demand's own unit. */
  readonly unitCapacity: number;
  /** Newest measured demand; null is a gap, which is not "no demand". */
  readonly demandNow: number | null;
  /** The short window before it, gaps as null. Its highest counts: a single low minute takes nothing away. */
  readonly demandWindow: readonly (number | null)[];
  /** When the newest demand was measured. */
  readonly measuredAtMs: number;
  readonly lastOutMs: number | null;
  readonly lastInMs: number | null;
  readonly policy: AdaptivePolicy;
};

export type CapacityDecision = { readonly kind: "hold" | "out" | "in"; readonly to: number; readonly reason: string };

/** `to` counts ready and starting units. Decided from a measurement that is older than the last change, nothing changes. */
export function decideCapacity(facts: AdaptiveFacts): CapacityDecision {
  const { policy, nowMs, trigger, demandNow, unitCapacity, lastOutMs, lastInMs, measuredAtMs } = facts;
  const running = facts.readyUnits + facts.startingUnits;
  const hold = (reason: string): CapacityDecision => ({ kind: "hold", to: running, reason });
  if (running < policy.unitsMin) return { kind: "out", to: policy.unitsMin, reason: `${running} units run and at least ${policy.unitsMin} must` };
  if (demandNow === null) return hold("the newest minute has no data, and a gap says nothing of demand");
  const lastChangeMs = Math.max(lastOutMs ?? Number.NEGATIVE_INFINITY, lastInMs ?? Number.NEGATIVE_INFINITY);
  if (measuredAtMs < lastChangeMs) return hold("demand was measured before the last change, which has answered it");

  const peak = facts.demandWindow.reduce<number>((most, demand) => Math.max(most, demand ?? 0), demandNow);
  const fewest = clamp(unitsFor(peak, unitCapacity * policy.targetShare), policy.unitsMin, policy.unitsMax);
  const most = clamp(unitsFor(peak, unitCapacity * policy.targetShare * (1 - policy.hysteresisShare)), fewest, policy.unitsMax);
  const seen = `by ${trigger}: demand ${round(peak)} of ${round(running * unitCapacity)}`;
  if (running < fewest) {
    if (cooling(lastOutMs, policy.cooldownOutMs, nowMs)) return hold(`${seen} wants ${fewest} units, and the last were started too short a time ago`);
    return { kind: "out", to: Math.min(fewest, running + policy.stepOutUnitsMax), reason: `${seen} wants ${fewest} units` };
  }
  if (running <= most) return hold(`${seen}: ${running} units are between ${fewest} and ${most}`);
  // Above the limit units leave whatever the window lacks; below it a gap may hide the peak that they are kept for.
  if (running <= policy.unitsMax && facts.demandWindow.includes(null)) return hold(`${seen} wants ${most} units, and the window has gaps`);
  if (cooling(lastChangeMs, policy.cooldownInMs, nowMs)) return hold(`${seen} wants ${most} units, and the last change is too short a time ago`);
  return { kind: "in", to: Math.max(most, running - policy.stepInUnitsMax), reason: `${seen} needs no more than ${most} units` };
}

/** Units that carry a demand when each carries `share` of it; a hair over a whole number is rounding, not demand. */
export function unitsFor(demand: number, unitCapacity: number): number {
  return Math.ceil(demand / unitCapacity - 1e-9);
}

function cooling(lastMs: number | null, cooldownMs: number, nowMs: number): boolean {
  return lastMs !== null && nowMs - lastMs < cooldownMs;
}

function clamp(value: number, min: number, max: number): number {
  return Math.min(max, Math.max(min, value));
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
