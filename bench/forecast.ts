/**
 * How good the forecaster is on series of the M4 competition's form (hourly: a season of 24). All figures come from a hold-out: the last
 * `--horizon` values of each series in `--train` are hidden, forecast from what is before them, and scored as the competition does, beside its
 * benchmarks in the same run. What was tuned, was tuned on the values before the hold-out, printed as the tuning split. `--out` is something else: it
 * holds forecasts of the `--horizon` steps that follow the END of the given series, one row per series and step (1 is the first step
 * after the end), with the median (the point forecast) and quantiles: `id,step,median,q05,q95,q01,q10,q25,q75,q90,q99`.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { HORIZON_STEPS_MAX } from "../core/scaling/predictive-resource-scaling/forecast.ts";
import type { Bench, BenchOptions, Figures } from "./bench.ts";
import { forecastHours, type HeldOut, holdOut, SEASON_STEPS } from "./forecast/hold-out.ts";
import { type M4Series, readM4 } from "./forecast/m4-file.ts";
import { drawBand, drawCoverage } from "./forecast/pictures.ts";

const DEFAULT_TRAIN = join(import.meta.dirname, "..", "..", "shared", "data", "m4-hourly", "Hourly-train.csv");
const DEFAULT_HORIZON = 48;
const OWA_MAX = 0.5;
const COVERED_MIN = 0.87;
const COVERED_MAX = 0.93;
const CPU_SECONDS_MAX = 60;
const SERIES_OF_LIMIT = 414;
const WRITTEN_LEVELS = [0.05, 0.95, 0.01, 0.1, 0.25, 0.75, 0.9, 0.99];

export const forecast: Bench = {
  name: "forecast",
  async run({ given, say }) {
    const horizonSteps = horizonOf(given);
    const series = readM4(given.train ?? DEFAULT_TRAIN, 2 * horizonSteps + 2 * SEASON_STEPS);
    say(`${series.length} series; tuning split: the ${horizonSteps} values before the last ${horizonSteps}; hold-out: the last ${horizonSteps}`);
    const tuning = holdOut(series, horizonSteps, horizonSteps, (line) => say(`tuning split: ${line}`));
    const held = holdOut(series, horizonSteps, 0, (line) => say(`hold-out: ${line}`));
    if (given.out !== undefined) {
      const rows = writeForecasts(series, horizonSteps, given.out);
      say(`${given.out}: ${rows} rows, for the ${horizonSteps} steps after the end of each series`);
    }
    const cpuSeconds = (held.cpuMs / 1_000) * (SERIES_OF_LIMIT / series.length);
    const covered = held.covered.mean;
    const pass = held.owa <= OWA_MAX && covered >= COVERED_MIN && covered <= COVERED_MAX && cpuSeconds <= CPU_SECONDS_MAX;
    return {
      figures: figuresOf(held, tuning, cpuSeconds),
      pass,
      plots: { "forecast-coverage": drawCoverage(held), "forecast-band": drawBand(held) },
    };
  },
};

function horizonOf(given: BenchOptions["given"]): number {
  const asked = given.horizon === undefined ? DEFAULT_HORIZON : Number(given.horizon);
  if (Number.isInteger(asked) && asked >= 1 && asked <= HORIZON_STEPS_MAX) return asked;
  throw new Error(`--horizon is ${given.horizon}, and a whole number from 1 to ${HORIZON_STEPS_MAX} is allowed`);
}

function figuresOf(held: HeldOut, tuning: HeldOut, cpuSeconds: number): Figures {
  const row = ({ smape, mase, owa }: HeldOut["peers"][number]) => ({ OWA: round(owa, 4), sMAPE: round(smape, 3), MASE: round(mase, 4) });
  return {
    "hold-out": `the last ${held.horizonSteps} values of ${held.series} series`,
    OWA: round(held.owa, 4),
    "OWA on the tuning split": round(tuning.owa, 4),
    forecaster: row(held),
    ...Object.fromEntries(held.peers.map((peer) => [peer.name, row(peer)])),
    "90 % intervals cover, in percent": round(100 * held.covered.mean, 1),
    "90 % intervals cover on the tuning split, in percent": round(100 * tuning.covered.mean, 1),
    "mean scaled width of the 90 % interval": round(held.width, 3),
    "steps above the 95 % quantile, in percent": round(100 * held.above, 1),
    "series forecast by the mix": held.mixes,
    "series that fell back to a baseline": held.series - held.mixes,
    [`CPU seconds for ${SERIES_OF_LIMIT} series`]: round(cpuSeconds, 1),
  };
}

/** Returns the number of rows. */
function writeForecasts(series: readonly M4Series[], horizonSteps: number, file: string): number {
  const lines = [`id,step,median,${WRITTEN_LEVELS.map((level) => `q${String(Math.round(100 * level)).padStart(2, "0")}`).join(",")}`];
  for (const { id, values } of series) {
    const made = forecastHours(values, horizonSteps);
    for (let step = 0; step < horizonSteps; step += 1) {
      const quantiles = WRITTEN_LEVELS.map((level) => made.quantiles[made.levels.indexOf(level)]?.[step]);
      lines.push([id, step + 1, made.median[step], ...quantiles].join(","));
    }
  }
  writeFileSync(file, `${lines.join("\n")}\n`);
  return lines.length - 1;
}

function round(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}
