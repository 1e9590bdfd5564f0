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
  const peers = peersOf(SEASON_STEPS, WEEK_STEPS);
  const sums = new Map(["forecaster", ...peers.map(({ name }) => name)].map((name) => [name, { smape: 0, mase: 0 }]));
  const byStep = new Float64Array(horizonSteps);
  let [above, width, mixes, cpuMs] = [0, 0, 0, 0];
  const samples: { sample: Sample; error: number }[] = [];
  series.forEach(({ id, values }, place) => {
    const end = values.length - before;
    const [known, actual] = [values.subarray(0, end - horizonSteps), values.subarray(end - horizonSteps, end)];
    const startedAt = process.cpuUsage();
    const made = forecastHours(known, horizonSteps);
    const used = process.cpuUsage(startedAt);
    cpuMs += (used.user + used.system) / 1_000;
    const filled = fillGaps(known, SEASON_STEPS).values;
    add("forecaster", made.median);
    for (const { name, forecast } of peers) add(name, forecast(filled, horizonSteps));
    const [low, high] = [LOW, HIGH].map((level) => made.quantiles[made.levels.indexOf(level)] ?? made.median) as [Float64Array, Float64Array];
    actual.forEach((value, step) => {
      if (value >= (low[step] ?? 0) && value <= (high[step] ?? 0)) byStep[step] = (byStep[step] ?? 0) + 1 / series.length;
      if (value > (high[step] ?? 0)) above += 1 / (series.length * horizonSteps);
    });
    // The error of one bound against the other as a forecast is the width.
    width += mase(known, high, low, SEASON_STEPS) / series.length;
    mixes += made.kind === "mix" ? 1 : 0;
    samples.push({ sample: { id, known, actual, low, median: made.median, high }, error: mase(known, actual, made.median, SEASON_STEPS) });
    if ((place + 1) % SAY_EVERY === 0) say(`${place + 1} of ${series.length} series`);

    function add(name: string, forecast: Float64Array): void {
      const sum = sums.get(name);
      if (!sum) return;
      sum.smape += smape(actual, forecast) / series.length;
      sum.mase += mase(known, actual, forecast, SEASON_STEPS) / series.length;
    }
  });
  const naive2 = sums.get("Naive2") ?? { smape: 1, mase: 1 };
  const scored = [...sums].map(([name, sum]) => ({ name, ...sum, owa: owa(sum, naive2) }));
  const [own = { name: "", smape: 0, mase: 0, owa: 0 }, ...others] = scored;
  for (const { name, owa: its, smape: percent, mase: scaled } of scored)
    say(`${name}: OWA ${its.toFixed(4)}, sMAPE ${percent.toFixed(3)}, MASE ${scaled.toFixed(4)}`);
  const mean = byStep.reduce((sum, share) => sum + share, 0) / horizonSteps;
  say(`90 % intervals cover ${(100 * mean).toFixed(1)} %`);
  return {
    ...own,
    horizonSteps,
    series: series.length,
    peers: others,
    covered: { mean, byStep: [...byStep] },
    above,
    width,
    mixes,
    cpuMs,
    sample: medianOf(samples),
  };
}

/** The series whose error is the middle one: neither a good nor a bad example. */
function medianOf(samples: readonly { sample: Sample; error: number }[]): Sample {
  const middle = samples.toSorted((left, right) => left.error - right.error)[samples.length >> 1];
  if (!middle) throw new Error("there is no series");
  return middle.sample;
}
