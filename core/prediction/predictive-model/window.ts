/**
 * The statistics of one window of one metric. Gaps are left out, never read as zeros; with too little to tell, a statistic is NaN and
 * the trees learn what a gap means.
 */

/** Below this a slope or a spread says more of the noise than of the node. */
const POINTS_MIN = 4;
/** Residuals beyond so many robust spreads are drawn in before the second fit: a normal residual seldom is, a spike always. */
const RESIDUAL_SPREADS_MAX = 2.5;
const INSERTION_MAX = 64;
/** Median absolute deviation to standard deviation of a normal distribution. */
const MAD_TO_DEVIATION = 1.4826;

/** `scratch` has room for three windows. */
export type WindowStatistics = { mean: number; slope: number; spread: number; least: number; most: number };

/**
 * `values[from..to)` at `steps[from..to)`, all measured. The slope, a step: first the line through the medians of the window's outer thirds, which no
 * spike moves (Tukey, "Exploratory Data Analysis", 1977, the resistant line), then least squares on what is left, with far values drawn to a limit
 * (one step of Huber's M-estimate, Annals of Mathematical Statistics 35, 1964). The spread is that of these residuals.
 */
export function statisticsOf(steps: Float64Array, values: Float64Array, from: number, to: number, scratch: Float64Array): WindowStatistics {
  const count = to - from;
  if (count === 0) return { mean: Number.NaN, slope: Number.NaN, spread: Number.NaN, least: Number.NaN, most: Number.NaN };
  let [sum, stepSum, least, most] = [0, 0, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (let place = from; place < to; place += 1) {
    const value = values[place] as number;
    sum += value;
    stepSum += steps[place] as number;
    if (value < least) least = value;
    if (value > most) most = value;
  }
  const mean = sum / count;
  if (count < POINTS_MIN) return { mean, slope: Number.NaN, spread: Number.NaN, least, most };
  return { mean, ...robustLine(steps, values, from, to, stepSum / count, scratch), least, most };
}

function robustLine(
  steps: Float64Array,
  values: Float64Array,
  from: number,
  to: number,
  middle: number,
  scratch: Float64Array,
): { slope: number; spread: number } {
  const count = to - from;
  const third = Math.max(1, Math.floor(count / 3));
  const rise = medianOf(values, to - third, to, scratch) - medianOf(values, from, from + third, scratch);
  const first = rise / (middleOf(steps, to - third, to) - middleOf(steps, from, from + third));
  const residuals = scratch.subarray(0, count);
  for (let place = from; place < to; place += 1) residuals[place - from] = (values[place] as number) - first * ((steps[place] as number) - middle);
  const level = medianOf(residuals, 0, count, scratch.subarray(count));
  let [far, square] = [0, 0];
  for (let place = 0; place < count; place += 1) {
    const residual = (residuals[place] as number) - level;
    residuals[place] = residual;
    scratch[count + place] = Math.abs(residual);
    far += Math.abs(residual) / count;
  }
  // A metric that stands still most of the time has a median deviation of nothing; its mean deviation still says how far it jumps.
  const limit = RESIDUAL_SPREADS_MAX * (MAD_TO_DEVIATION * medianOf(scratch, count, 2 * count, scratch.subarray(2 * count)) || far);
  let [cross, squares] = [0, 0];
  for (let place = 0; place < count; place += 1) {
    const distance = (steps[from + place] as number) - middle;
    const drawn = Math.max(-limit, Math.min(limit, residuals[place] as number));
    cross += distance * drawn;
    square += distance * distance;
    squares += drawn * drawn;
  }
  return { slope: first + cross / square, spread: Math.sqrt(squares / (count - 2)) };
}

/** The median of what ascends. */
function middleOf(steps: Float64Array, from: number, to: number): number {
  return ((steps[(from + to - 1) >> 1] as number) + (steps[(from + to) >> 1] as number)) / 2;
}

/** Sorts a copy in `scratch`. */
function medianOf(values: Float64Array, from: number, to: number, scratch: Float64Array): number {
  const count = to - from;
  for (let place = 0; place < count; place += 1) scratch[place] = values[from + place] as number;
  sortFew(scratch.subarray(0, count));
  return count % 2 === 1 ? (scratch[count >> 1] as number) : ((scratch[(count >> 1) - 1] as number) + (scratch[count >> 1] as number)) / 2;
}

/** By insertion where that is faster than a call of the library's sort, which it is for windows of some tens. */
function sortFew(values: Float64Array): void {
  if (values.length > INSERTION_MAX) {
    values.sort();
    return;
  }
  for (let next = 1; next < values.length; next += 1) {
    const value = values[next] as number;
    let place = next - 1;
    for (; place >= 0 && (values[place] as number) > value; place -= 1) values[place + 1] = values[place] as number;
    values[place + 1] = value;
  }
}
