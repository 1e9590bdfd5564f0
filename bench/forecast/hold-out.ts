/** Hides the end of each series, forecasts it, and scores the forecaster and the competition's benchmarks alike. */
import { type Forecast, forecastSeries } from "../../core/scaling/predictive-resource-scaling/forecast.ts";
import { fillGaps } from "../../core/scaling/predictive-resource-scaling/history.ts";
import type { M4Series } from "./m4-file.ts";
import { type Averages, mase, owa, smape } from "./m4-score.ts";
import { peersOf } from "./peers.ts";

/** Hourly series: a day, as in the competition's own measures. */
export const SEASON_STEPS = 24;
const WEEK_STEPS = 168;
const SAY_EVERY = 100;
const [LOW, HIGH] = [0.05, 0.95];
const OWN = "forecaster";

export type Made = Exclude<Forecast, { kind: "refused" }>;
/** `owa` is against Naive2 of the same hold-out. */
export type Scored = Averages & { readonly name: string; readonly owa: number };
export type Sample = {
  readonly id: string;
  readonly known: Float64Array;
  readonly actual: Float64Array;
  readonly low: Float64Array;
  readonly median: Float64Array;
  readonly high: Float64Array;
};
export type HeldOut = Scored & {
  readonly horizonSteps: number;
  readonly series: number;
  readonly peers: readonly Scored[];
  /** Shares within the 90 % interval. */
  readonly covered: { readonly mean: number; readonly byStep: readonly number[] };
  /** Share above the 95 % quantile. */
  readonly above: number;
  /** Of the 90 % interval, in units of the seasonal naive forecast's in-sample error. */
  readonly width: number;
  readonly mixes: number;
  /** Of the forecaster alone. */
  readonly cpuMs: number;
  readonly sample: Sample;
};

/** A series that was never below 0 is taken for one that can't be, as demand can't. */
export function forecastHours(values: Float64Array, horizonSteps: number): Made {
  const floor = values.some((value) => value < 0) ? null : 0;
  const made = forecastSeries(values, { horizonSteps, stepsPerDay: SEASON_STEPS, floor });
  if (made.kind === "refused") throw new Error(made.reason);
  return made;
}

/** The `horizonSteps` values that end `before` values before the end of each series are hidden, and all after them. */
export function holdOut(series: readonly M4Series[], horizonSteps: number, before: number, say: (line: string) => void): HeldOut {
  const trials = series.map((each, place) => {
    if ((place + 1) % SAY_EVERY === 0) say(`${place + 1} of ${series.length} series`);
    return tryOn(each, horizonSteps, before);
  });
  const names = [...(trials[0]?.scores.keys() ?? [])];
  const meanOf = (partOf: (trial: Trial) => number): number => trials.reduce((sum, trial) => sum + partOf(trial) / trials.length, 0);
  const averages = names.map((name) => ({
    name,
    smape: meanOf(({ scores }) => scores.get(name)?.smape ?? 0),
    mase: meanOf(({ scores }) => scores.get(name)?.mase ?? 0),
  }));
  const naive2 = averages.find(({ name }) => name === "Naive2") ?? { smape: 1, mase: 1 };
  const scored = averages.map((each) => ({ ...each, owa: owa(each, naive2) }));
  for (const each of scored) say(`${each.name}: OWA ${each.owa.toFixed(4)}, sMAPE ${each.smape.toFixed(3)}, MASE ${each.mase.toFixed(4)}`);
  const byStep = Array.from({ length: horizonSteps }, (_, step) => meanOfMeasured(trials.map(({ inside }) => inside[step] ?? 0)));
  const mean = meanOfMeasured(trials.flatMap(({ inside }) => [...inside]));
  say(`90 % intervals cover ${(100 * mean).toFixed(1)} %`);
  const [own = { name: OWN, smape: 0, mase: 0, owa: 0 }, ...peers] = scored;
  return {
    ...own,
    horizonSteps,
    series: series.length,
    peers,
    covered: { mean, byStep },
    above: meanOfMeasured(trials.flatMap(({ above }) => [...above])),
    width: meanOf(({ width }) => width),
    mixes: trials.filter(({ isMix }) => isMix).length,
    cpuMs: trials.reduce((sum, { cpuMs }) => sum + cpuMs, 0),
    sample: middleOf(trials),
  };
}

type Trial = {
  /** By name, the forecaster's own first. */
  readonly scores: ReadonlyMap<string, Averages>;
  /** For each step 1 or 0: whether its value was within the 90 % interval, and above it; NaN where nothing was measured. */
  readonly inside: Float64Array;
  readonly above: Float64Array;
  readonly width: number;
  readonly isMix: boolean;
  readonly cpuMs: number;
  readonly sample: Sample;
};

function tryOn({ id, values }: M4Series, horizonSteps: number, before: number): Trial {
  const end = values.length - before;
  const [known, actual] = [values.subarray(0, end - horizonSteps), values.subarray(end - horizonSteps, end)];
  const startedAt = process.cpuUsage();
  const made = forecastHours(known, horizonSteps);
  const used = process.cpuUsage(startedAt);
  const filled = fillGaps(known, SEASON_STEPS).values;
  const asked = peersOf(SEASON_STEPS, WEEK_STEPS).map(({ name, forecast }) => [name, forecast(filled, horizonSteps)] as const);
  const scores = [[OWN, made.median] as const, ...asked].map(
    ([name, said]) => [name, { smape: smape(actual, said), mase: mase(known, actual, said, SEASON_STEPS) }] as const,
  );
  const quantileAt = (level: number): Float64Array => made.quantiles[made.levels.indexOf(level)] ?? made.median;
  const [low, high] = [quantileAt(LOW), quantileAt(HIGH)];
  return {
    scores: new Map(scores),
    inside: actual.map((value, step) => markOf(value, value >= (low[step] ?? 0) && value <= (high[step] ?? 0))),
    above: actual.map((value, step) => markOf(value, value > (high[step] ?? 0))),
    // The error of one bound against the other as a forecast is the width.
    width: mase(known, high, low, SEASON_STEPS),
    isMix: made.kind === "mix",
    cpuMs: (used.user + used.system) / 1_000,
    sample: { id, known, actual, low, median: made.median, high },
  };
}

function markOf(value: number, isTrue: boolean): number {
  return Number.isNaN(value) ? Number.NaN : Number(isTrue);
}

function meanOfMeasured(marks: readonly number[]): number {
  const measured = marks.filter((mark) => !Number.isNaN(mark));
  return measured.reduce((sum, mark) => sum + mark / measured.length, 0);
}

/** The series whose error is the middle one: neither a good nor a bad example. */
function middleOf(trials: readonly Trial[]): Sample {
  const errorOf = ({ scores }: Trial): number => scores.get(OWN)?.mase ?? 0;
  const middle = trials.toSorted((left, right) => errorOf(left) - errorOf(right))[trials.length >> 1];
  if (!middle) throw new Error("there is no series");
  return middle.sample;
}
