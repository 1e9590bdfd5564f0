/**
 * Several views of one point, each a statistic that is 0 when nothing is strange: far from the level, the level itself moved, steps grown,
 * steps gone, far from what this time of the period usually holds, beyond all lately seen around this time. Each is turned into its rarity
 * among its own past, and the rarities beyond one in ten are added up, so that several weak signs make a strong one.
 */
import { type Expectation, expectAt } from "./season.ts";
import { AT, read, type ThresholdState, tailNumbersAt, tailTableAt, VIEWS, type ViewName } from "./state.ts";
import { rarityOf, type Tail } from "./tail.ts";

export type Statistics = Record<ViewName, number>;
export type Evidence = {
  readonly statistics: Statistics;
  readonly strength: number;
  /** The view that adds most. */
  readonly strongest: ViewName;
  readonly expected: Expectation | null;
  /** Beyond the neighbours' band, signed; from the level while there is none. */
  readonly residual: number;
};

/** These, and the numbers of `urgency.ts` and `tail.ts`, were tuned on the tune halves that the benches `nab` and `monitoring` print. */
const WEIGHTS: Statistics = { level: 0.34, shift: 1.1, swing: 0.6, still: 0.06, season: 1.5, reach: 1.1 };
const POWER = 0.84;
/** Rarer than one in ten is evidence. */
const RARITY_MIN = 1;
/** Until a spread is known, any change counts as this many. */
const SPREADS_UNKNOWN = 100;
const POINTS_EARLY = 30;
const RESIDUALS_EARLY = 20;
/** A season's residual of a nearly perfect series is still compared with a tenth of its spread. */
const RESIDUAL_FLOOR_SCALES = 0.1;
/** Only so that all statistics use the same part of their tails. */
const SHIFT_FACTOR = 5;
const SWING_FACTOR = 3;
const STILL_FLOOR = 0.01;

export function weighEvidence(state: ThresholdState, atMs: number, value: number): Evidence {
  const expected = expectAt(state, atMs);
  const scale = read(state, AT.scale);
  const deviation = value - read(state, AT.level);
  const residual = expected ? beyond(value, expected.low, expected.high) : 0;
  const reach = expected ? beyond(value, expected.reachLow, expected.reachHigh) : deviation;
  const isEarly = read(state, AT.points) < POINTS_EARLY;
  const swing = read(state, AT.swing);
  const statistics: Statistics = {
    level: spreads(deviation, scale),
    shift: SHIFT_FACTOR * Math.abs(read(state, AT.shift)),
    swing: isEarly ? 0 : SWING_FACTOR * swing,
    still: isEarly ? 0 : 1 / (swing + STILL_FLOOR),
    season: read(state, AT.residuals) < RESIDUALS_EARLY ? 0 : spreads(residual, residualUnit(state)),
    reach: spreads(reach, scale),
  };
  let sum = 0;
  let strongest: ViewName = "level";
  let most = 0;
  VIEWS.forEach((view, place) => {
    const part = WEIGHTS[view] * (rarityOf(tailOf(state, place), statistics[view]) - RARITY_MIN);
    if (part <= 0) return;
    sum += part ** POWER;
    if (part > most) [most, strongest] = [part, view];
  });
  return { statistics, strength: sum ** (1 / POWER), strongest, expected, residual };
}

/** What one unit of the season's statistic is worth in the metric. */
export function residualUnit(state: ThresholdState): number {
  return read(state, AT.residualScale) + RESIDUAL_FLOOR_SCALES * read(state, AT.scale);
}

export function tailOf({ numbers, tables }: ThresholdState, place: number): Tail {
  return { table: tables, tableAt: tailTableAt(place), numbers, numbersAt: tailNumbersAt(place) };
}

export function strengthTail(state: ThresholdState): Tail {
  return tailOf(state, VIEWS.length);
}

function beyond(value: number, low: number, high: number): number {
  if (value > high) return value - high;
  return value < low ? value - low : 0;
}

function spreads(deviation: number, unit: number): number {
  if (unit > 0) return Math.abs(deviation) / unit;
  return deviation === 0 ? 0 : SPREADS_UNKNOWN;
}
