/** What capacity is decided with where a fleet's file says nothing else: one setting, for every demand and every size of unit. */
import type { AdaptivePolicy } from "../adaptive-resource-allocation/adaptive-capacity.ts";

/**
 * One more unit for each 6 in 10,000 minutes that it saves from being short: a place on the frontier that the bench `capacity` draws, for
 * about 0.03 % of minutes short on World Cup 98. The forecast's own settings were tuned on the first half of what is scored there.
 */
export const CAPACITY_RISK = 0.0006;

const MINUTE_MS = 60_000;

/** Bounds come from the fleet; the rest is for the measured demand alone. Out at once, in only five quiet minutes after any change. */
export function defaultPolicy(unitsMin: number, unitsMax: number): AdaptivePolicy {
  return {
    unitsMin,
    unitsMax,
    stepOutUnitsMax: unitsMax,
    stepInUnitsMax: unitsMax,
    targetShare: 0.7,
    hysteresisShare: 0.1,
    cooldownOutMs: 0,
    cooldownInMs: 5 * MINUTE_MS,
  };
}
