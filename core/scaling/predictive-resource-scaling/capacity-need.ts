/**
 * How many units the forecast asks for at a stated risk, by the newsvendor's rule (Arrow, Harris and Marschak, "Optimal inventory policy",
 * 1951): one more unit as long as it takes away at least the stated chance of being short in a minute. So risk is spent where capacity is
 * dear (a high and steady demand) and hardly taken where it is cheap; a smaller risk never asks for fewer units.
 */
import type { CapacityForecaster } from "./capacity-forecaster.ts";
import { type Ahead, readAhead } from "./capacity-outlook.ts";

export type UnitsAsked = { readonly units: number; readonly shortChance: number };
export type CapacityNeed = {
  /** To be ready when an order of now is: fewer must not run. */
  readonly fewest: UnitsAsked;
  /** For the peak until units that leave now could be had back: more need not run. */
  readonly most: UnitsAsked;
  readonly expectedUnits: number;
};

/** A peak over several minutes is rarer short in each of them, so keeping may take a little more risk than ordering. */
const KEEPING_RISK = 1.5;
/** Beyond three times what is expected, and some, no forecast is worth a unit. */
const REACH = 3;
const REACH_UNITS = 30;
/** A fleet of thousands is searched in steps. */
const CANDIDATES_MAX = 600;

/** Null while there is nothing to forecast from. */
export function needAhead({ ordering, keeping }: CapacityForecaster, risk: number): CapacityNeed | null {
  const order = readAhead(ordering);
  const keep = readAhead(keeping);
  if (order === null || keep === null) return null;
  const fewest = cheapestUnits(order, risk);
  const most = cheapestUnits(keep, KEEPING_RISK * risk);
  return { fewest, most: most.units < fewest.units ? fewest : most, expectedUnits: order.expectedUnits };
}

export function cheapestUnits({ expectedUnits, chanceAbove }: Ahead, risk: number): UnitsAsked {
  if (!(risk > 0 && risk < 1)) throw new RangeError(`the stated risk is ${risk}, and must be between 0 and 1`);
  const from = Math.max(0, Math.floor(expectedUnits));
  const to = REACH * from + REACH_UNITS;
  const step = Math.max(1, Math.ceil((to - from) / CANDIDATES_MAX));
  let best = { units: from, shortChance: chanceAbove(from) };
  let bestCost = risk * from + best.shortChance;
  for (let units = from + step; units <= to; units += step) {
    if (risk * units > bestCost) break;
    const shortChance = chanceAbove(units);
    const cost = risk * units + shortChance;
    if (cost < bestCost) {
      best = { units, shortChance };
      bestCost = cost;
    }
  }
  return best;
}
