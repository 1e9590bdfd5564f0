/**
 * How much each method counts, from its errors in the trials: half by the fourth power of the inverse error (Bates and Granger, "The combination
 * of forecasts", Operational Research Quarterly 1969, sharper), half by choosing with replacement whatever lowers the error of
 * the mix most (Caruana, Niculescu-Mizil, Crew and Ksikes, "Ensemble selection from libraries of models", ICML 2004).
 */
import { at } from "./history.ts";
import { meanError } from "./rolling-origin.ts";

/** Forecasts of all methods, none missing, beside what came. */
export type CompleteTrial = { readonly actual: Float64Array; readonly forecasts: readonly Float64Array[] };

const SHARPNESS = 4;
const SELECTIONS = 12;
/** What a trial counts against the next newer one: methods are judged on more than they knew then, and the series changes. */
const FADE = 0.9;
/** An error of 0 would take all the weight, whatever the others say. */
const ERROR_SHARE_MIN = 1e-6;

/** `trials` are oldest first. One weight per method; their sum is 1. Without trials all methods count alike. */
export function weighMethods(trials: readonly CompleteTrial[], methods: number): Float64Array {
  const byError = weighByError(trials, methods);
  const bySelection = select(trials, methods);
  return byError.map((weight, method) => (weight + at(bySelection, method)) / 2);
}

export function mix(forecasts: readonly Float64Array[], weights: Float64Array): Float64Array {
  const mixed = new Float64Array(forecasts[0]?.length ?? 0);
  forecasts.forEach((forecast, method) => {
    const weight = at(weights, method);
    if (weight > 0) for (let step = 0; step < mixed.length; step += 1) mixed[step] = at(mixed, step) + weight * at(forecast, step);
  });
  return mixed;
}

function weighByError(trials: readonly CompleteTrial[], methods: number): Float64Array {
  const errors = new Float64Array(methods);
  trials.forEach(({ actual, forecasts }, trial) => {
    const weight = FADE ** (trials.length - 1 - trial);
    forecasts.forEach((forecast, method) => {
      errors[method] = at(errors, method) + weight * meanError(actual, forecast);
    });
  });
  const worst = errors.reduce((most, error) => Math.max(most, error), 0);
  const inverse = errors.map((error) => (worst === 0 ? 1 : Math.max(error / worst, ERROR_SHARE_MIN) ** -SHARPNESS));
  const sum = inverse.reduce((total, each) => total + each, 0);
  return inverse.map((each) => each / sum);
}

function select(trials: readonly CompleteTrial[], methods: number): Float64Array {
  const chosen = new Float64Array(methods);
  const sums = trials.map(({ actual }) => new Float64Array(actual.length));
  for (let round = 0; round < SELECTIONS; round += 1) {
    let [best, least] = [0, Number.POSITIVE_INFINITY];
    for (let method = 0; method < methods; method += 1) {
      const error = errorWith(trials, sums, method, round);
      if (error < least) [best, least] = [method, error];
    }
    chosen[best] = at(chosen, best) + 1 / SELECTIONS;
    trials.forEach(({ forecasts }, trial) => {
      const [sum, forecast] = [sums[trial], forecasts[best]];
      if (sum && forecast) for (let step = 0; step < sum.length; step += 1) sum[step] = at(sum, step) + at(forecast, step);
    });
  }
  return chosen;
}

/** The error of the mean of the `count` forecasts in `sums` and one more. */
function errorWith(trials: readonly CompleteTrial[], sums: readonly Float64Array[], method: number, count: number): number {
  let error = 0;
  trials.forEach(({ actual, forecasts }, trial) => {
    const [sum, forecast] = [sums[trial], forecasts[method]];
    if (!sum || !forecast) return;
    const weight = FADE ** (trials.length - 1 - trial);
    for (let step = 0; step < actual.length; step += 1) {
      const difference = Math.abs(at(actual, step) - (at(sum, step) + at(forecast, step)) / (count + 1));
      if (!Number.isNaN(difference)) error += weight * difference;
    }
  });
  return error;
}
