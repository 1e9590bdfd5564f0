/** The rates of a smoothing, found by trying each a little higher and a little lower until nothing gets better; at most a stated number of tries. */

/** What share of an error moves the level, the daily and the weekly pattern, and what share of it is still there a step later. */
export type Rates = { readonly level: number; readonly day: number; readonly week: number; readonly carry: number };

const ROUNDS_MAX = 12;
/** Steps are halved when no move helps, and the search ends when the level's is this small. */
const STEP_MIN = 0.002;
const CARRY_MIN = -0.5;
/** A carry of 1 would be a second level. */
const CARRY_MAX = 0.98;
const NAMES = ["level", "day", "week", "carry"] as const;

/** `costOf` is called at most `triesMax` times, and 1 + 8 × `ROUNDS_MAX` times. A pattern that isn't used keeps the rate 0. */
export function searchRates(uses: { day: boolean; week: boolean }, triesMax: number, costOf: (rates: Rates) => number): Rates {
  let rates: Rates = { level: 0.05, day: uses.day ? 0.15 : 0, week: uses.week ? 0.1 : 0, carry: 0.7 };
  let steps: Rates = { level: 0.05, day: uses.day ? 0.1 : 0, week: uses.week ? 0.1 : 0, carry: 0.15 };
  let least = costOf(rates);
  let tries = 1;
  for (let round = 0; round < ROUNDS_MAX && steps.level >= STEP_MIN; round += 1) {
    let isBetter = false;
    for (const name of NAMES) {
      for (const sign of steps[name] > 0 ? [1, -1] : []) {
        const tried = { ...rates, [name]: rates[name] + sign * steps[name] };
        if (!isAllowed(tried) || tries >= triesMax) continue;
        tries += 1;
        const cost = costOf(tried);
        if (!(cost < least)) continue;
        [rates, least, isBetter] = [tried, cost, true];
        break;
      }
    }
    if (!isBetter) steps = { level: steps.level / 2, day: steps.day / 2, week: steps.week / 2, carry: steps.carry / 2 };
  }
  return rates;
}

function isAllowed({ level, day, week, carry }: Rates): boolean {
  return level >= 0 && day >= 0 && week >= 0 && level + day + week <= 1 && carry >= CARRY_MIN && carry <= CARRY_MAX;
}
