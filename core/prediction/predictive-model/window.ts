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

export type WindowStatistics = { mean: number; slope: number; spread: number; least: number; most: number };

/**
 * `values[from..to)` at `steps[from..to)`, all measured. The slope, a step, is by least squares, refitted once after values far from the
 * first line were drawn to a limit (one step of Huber's M-estimate, Annals of Mathematical Statistics 35, 1964); the spread is that of the residuals.
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
  const [mean, middle] = [sum / count, stepSum / count];
  if (count < POINTS_MIN) return { mean, slope: Number.NaN, spread: Number.NaN, least, most };
  let [cross, square] = [0, 0];
  for (let place = from; place < to; place += 1) {
    const distance = (steps[place] as number) - middle;
    cross += distance * (values[place] as number);
    square += distance * distance;
  }
  const first = square > 0 ? cross / square : 0;
  return { mean, ...refit(), least, most };

  function refit(): { slope: number; spread: number } {
    const residuals = scratch.subarray(0, count);
    for (let place = from; place < to; place += 1)
      residuals[place - from] = Math.abs((values[place] as number) - mean - first * ((steps[place] as number) - middle));
    sortFew(residuals);
    const limit = RESIDUAL_SPREADS_MAX * MAD_TO_DEVIATION * (residuals[count >> 1] as number);
    let [drawnCross, squares] = [0, 0];
    for (let place = from; place < to; place += 1) {
      const distance = (steps[place] as number) - middle;
      const residual = (values[place] as number) - mean - first * distance;
      const drawn = Math.max(-limit, Math.min(limit, residual));
      drawnCross += distance * drawn;
      squares += drawn * drawn;
    }
    return { slope: first + (square > 0 ? drawnCross / square : 0), spread: Math.sqrt(squares / (count - 2)) };
  }
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
