/**
 * The competition's benchmarks as its organisers define them: Naive2 is the last value after a multiplicative seasonal adjustment, made only
 * if the series passes a test of autocorrelation at 90 %; Theta (Assimakopoulos and Nikolopoulos, 2000) is the mean of the regression line
 * and of simple exponential smoothing with twice the curvature, on the same adjusted series.
 */

/** 1.645: the two-sided 90 % point of the normal distribution, as in the organisers' test. */
const TEST_POINT = 1.645;
/** Fewer cycles than this are not tested and not adjusted. */
const CYCLES_MIN = 3;
const SMOOTHING_STEP = 0.01;

export type Peer = { readonly name: string; forecast(known: Float64Array, horizonSteps: number): Float64Array };

export function peersOf(seasonSteps: number, weekSteps: number): Peer[] {
  return [
    { name: "naive", forecast: (known, horizonSteps) => repeat(known, horizonSteps, 1) },
    { name: `seasonal naive ${seasonSteps}`, forecast: (known, horizonSteps) => repeat(known, horizonSteps, seasonSteps) },
    { name: `seasonal naive ${weekSteps}`, forecast: (known, horizonSteps) => repeat(known, horizonSteps, weekSteps) },
    { name: "Naive2", forecast: (known, horizonSteps) => adjusted(known, horizonSteps, seasonSteps, (rest) => repeat(rest, horizonSteps, 1)) },
    { name: "Theta", forecast: (known, horizonSteps) => adjusted(known, horizonSteps, seasonSteps, (rest) => theta(rest, horizonSteps)) },
  ];
}

function repeat(known: Float64Array, horizonSteps: number, periodSteps: number): Float64Array {
  const period = Math.min(periodSteps, known.length);
  return Float64Array.from({ length: horizonSteps }, (_, step) => known[known.length - period + (step % period)] ?? 0);
}

function adjusted(known: Float64Array, horizonSteps: number, seasonSteps: number, forecast: (rest: Float64Array) => Float64Array): Float64Array {
  if (!isSeasonal(known, seasonSteps)) return forecast(known);
  const indices = multiplicativeIndices(known, seasonSteps);
  const rest = known.map((value, step) => value / (indices[step % seasonSteps] ?? 1));
  return forecast(rest)
    .map((value, step) => value * (indices[(known.length + step) % seasonSteps] ?? 1))
    .subarray(0, horizonSteps);
}

/** Whether the autocorrelation at the season is outside of its limits, which widen with those at shorter lags (Bartlett). */
function isSeasonal(known: Float64Array, seasonSteps: number): boolean {
  if (known.length < CYCLES_MIN * seasonSteps) return false;
  const mean = known.reduce((sum, value) => sum + value, 0) / known.length;
  const covarianceAt = (lag: number): number =>
    known.subarray(lag).reduce((sum, value, step) => sum + (value - mean) * ((known[step] ?? 0) - mean), 0);
  const variance = covarianceAt(0);
  let squares = 1;
  for (let lag = 1; lag < seasonSteps; lag += 1) squares += 2 * (covarianceAt(lag) / variance) ** 2;
  return Math.abs(covarianceAt(seasonSteps) / variance) > TEST_POINT * Math.sqrt(squares / known.length);
}

/** Of the classical decomposition: mean ratio of each phase to a centred moving average, and their mean made 1. */
function multiplicativeIndices(known: Float64Array, seasonSteps: number): Float64Array {
  const half = seasonSteps >> 1;
  const isEven = seasonSteps % 2 === 0;
  const sums = new Float64Array(seasonSteps);
  const counts = new Float64Array(seasonSteps);
  for (let step = half; step < known.length - half; step += 1) {
    let window = 0;
    for (let near = -half; near <= half; near += 1) window += (isEven && Math.abs(near) === half ? 0.5 : 1) * (known[step + near] ?? 0);
    const phase = step % seasonSteps;
    sums[phase] = (sums[phase] ?? 0) + ((known[step] ?? 0) * seasonSteps) / window;
    counts[phase] = (counts[phase] ?? 0) + 1;
  }
  const ratios = sums.map((sum, phase) => sum / (counts[phase] ?? 1));
  const mean = ratios.reduce((sum, ratio) => sum + ratio, 0) / seasonSteps;
  return ratios.map((ratio) => ratio / mean);
}

function theta(rest: Float64Array, horizonSteps: number): Float64Array {
  const middle = (rest.length - 1) / 2;
  const mean = rest.reduce((sum, value) => sum + value, 0) / rest.length;
  const products = rest.reduce((sum, value, step) => sum + (step - middle) * (value - mean), 0);
  const squares = rest.reduce((sum, _, step) => sum + (step - middle) ** 2, 0);
  const lineAt = (step: number): number => mean + (products / squares) * (step - middle);
  const curved = rest.map((value, step) => 2 * value - lineAt(step));
  let [level, least] = [curved[0] ?? 0, Number.POSITIVE_INFINITY];
  for (let rate = SMOOTHING_STEP; rate < 1; rate += SMOOTHING_STEP) {
    let [each, error] = [curved[0] ?? 0, 0];
    for (const value of curved.subarray(1)) {
      error += (value - each) ** 2;
      each += rate * (value - each);
    }
    if (error < least) [level, least] = [each, error];
  }
  return Float64Array.from({ length: horizonSteps }, (_, step) => (level + lineAt(rest.length + step)) / 2);
}
