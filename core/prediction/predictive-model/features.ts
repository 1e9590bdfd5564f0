/**
 * What a model sees of a unit at one step: for each metric its last value, means, robust slopes and spreads over windows, extremes, exponentially
 * weighted means and the change since the life began. Only rows up to that step are read.
 */
import type { Matrix } from "./bins.ts";
import { type History, placeAfter } from "./history.ts";
import { statisticsOf } from "./window.ts";

export type FeatureSettings = {
  readonly metrics: readonly string[];
  /** Ascending; the longest also gives the extremes. */
  readonly windowsSteps: readonly number[];
  /** Ascending whole numbers; the weight of a value halves in so many steps. */
  readonly halfLivesSteps: readonly number[];
  /** The life's first steps, against which it is compared. */
  readonly baselineSteps: number;
  readonly usesAge: boolean;
};
/** A row of the matrix: which history, and which of its places. */
export type Spot = { readonly history: number; readonly place: number };

const AGE = "time in operation";
/** What is older than so many half-lives weighs less than one part in a hundred. */
const HALF_LIVES_SEEN = 7;

export function featureNames({ metrics, windowsSteps, halfLivesSteps, usesAge }: FeatureSettings): string[] {
  const each = metrics.flatMap((metric) => [
    `${metric}: last`,
    ...windowsSteps.flatMap((window) => [`${metric}: mean of ${window}`, `${metric}: slope of ${window}`, `${metric}: spread of ${window}`]),
    `${metric}: least of ${windowsSteps.at(-1)}`,
    `${metric}: most of ${windowsSteps.at(-1)}`,
    ...halfLivesSteps.flatMap((halfLife) => [
      `${metric}: weighted mean, half-life ${halfLife}`,
      `${metric}: change since start, half-life ${halfLife}`,
      `${metric}: slope since start, half-life ${halfLife}`,
    ]),
  ]);
  return usesAge ? [...each, AGE] : each;
}

/** Levels and changes, smoothed: what a straight line can use without being led by noise. */
export function isLevel(name: string): boolean {
  return / half-life \d+$/.test(name) || name === AGE;
}

export function featuresOf(histories: readonly History[], spots: readonly Spot[], settings: FeatureSettings): Matrix {
  const names = featureNames(settings);
  const columns = names.map(() => new Float64Array(spots.length).fill(Number.NaN));
  const perMetric = (names.length - (settings.usesAge ? 1 : 0)) / Math.max(1, settings.metrics.length);
  const longest = Math.max(0, ...histories.map(({ steps }) => steps.length));
  const room = {
    steps: new Float64Array(longest),
    values: new Float64Array(longest),
    sorted: new Float64Array(3 * longest),
    // The weight of a value by its age in steps.
    fades: settings.halfLivesSteps.map((halfLife) => Float64Array.from({ length: HALF_LIVES_SEEN * halfLife }, (_, age) => 2 ** (-age / halfLife))),
  };
  spots.forEach(({ history: which, place }, row) => {
    const history = histories[which] as History;
    settings.metrics.forEach((_, metric) => {
      let next = metric * perMetric;
      for (const value of metricFeatures(history, metric, place, settings, room)) {
        (columns[next] as Float64Array)[row] = value;
        next += 1;
      }
    });
    if (settings.usesAge && history.startedAtStep !== null)
      (columns.at(-1) as Float64Array)[row] = (history.steps[place] as number) - history.startedAtStep;
  });
  return { names, rows: spots.length, columns };
}

type Room = { readonly steps: Float64Array; readonly values: Float64Array; readonly sorted: Float64Array; readonly fades: readonly Float64Array[] };

function metricFeatures(history: History, metric: number, place: number, settings: FeatureSettings, room: Room): number[] {
  const now = history.steps[place] as number;
  const column = history.columns[metric] as Float64Array;
  const longestSteps = Math.max(settings.windowsSteps.at(-1) ?? 1, HALF_LIVES_SEEN * (settings.halfLivesSteps.at(-1) ?? 0));
  // What was measured, newest last, in the room's front.
  let count = 0;
  for (let from = placeAfter(history.steps, now - longestSteps); from <= place; from += 1) {
    const value = column[from] as number;
    if (Number.isNaN(value)) continue;
    room.steps[count] = history.steps[from] as number;
    room.values[count] = value;
    count += 1;
  }
  const features = [column[place] as number];
  let [least, most] = [Number.NaN, Number.NaN];
  for (const window of settings.windowsSteps) {
    let from = count;
    while (from > 0 && (room.steps[from - 1] as number) > now - window) from -= 1;
    const found = statisticsOf(room.steps, room.values, from, count, room.sorted);
    features.push(found.mean, found.slope, found.spread);
    [least, most] = [found.least, found.most];
  }
  features.push(least, most);
  const baseline = baselineOf(history, metric, place, settings.baselineSteps);
  const age = now - (history.steps[0] as number) + 1;
  for (const fades of room.fades) {
    const level = weightedMean(room, count, now, fades);
    // A life younger than its baseline has no slope yet.
    features.push(level, level - baseline, age > settings.baselineSteps ? (level - baseline) / age : Number.NaN);
  }
  return features;
}

function weightedMean({ steps, values }: Room, count: number, now: number, fades: Float64Array): number {
  let [sum, weight] = [0, 0];
  for (let place = 0; place < count; place += 1) {
    const share = fades[now - (steps[place] as number)] ?? 0;
    sum += share * (values[place] as number);
    weight += share;
  }
  return weight > 0 ? sum / weight : Number.NaN;
}

/** The mean over the life's first steps; a life younger than that has what it has, so nothing later than `place` is read. */
function baselineOf({ steps, columns }: History, metric: number, place: number, baselineSteps: number): number {
  const end = (steps[0] as number) + baselineSteps;
  const column = columns[metric] as Float64Array;
  let [sum, count] = [0, 0];
  for (let at = 0; at <= place && (steps[at] as number) < end; at += 1) {
    const value = column[at] as number;
    if (Number.isNaN(value)) continue;
    sum += value;
    count += 1;
  }
  return count > 0 ? sum / count : Number.NaN;
}
