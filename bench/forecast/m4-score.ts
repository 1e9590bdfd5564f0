/**
 * The measures of the M4 competition (Makridakis, Spiliotis and Assimakopoulos, "The M4 Competition", International Journal of Forecasting
 * 2020): sMAPE in percent, MASE scaled by the in-sample error of the seasonal naive forecast, and OWA, the mean of both averages' ratios to
 * those of Naive2.
 */

/** In percent, 0 to 200. Steps that are NaN in `actual` are left out. */
export function smape(actual: Float64Array, forecast: Float64Array): number {
  return meanOver(actual, (value, step) => {
    const sum = Math.abs(value) + Math.abs(forecast[step] ?? 0);
    return sum === 0 ? 0 : (200 * Math.abs(value - (forecast[step] ?? 0))) / sum;
  });
}

export function mase(known: Float64Array, actual: Float64Array, forecast: Float64Array, seasonSteps: number): number {
  const scale = meanOver(known.subarray(seasonSteps), (value, step) => Math.abs(value - (known[step] ?? Number.NaN)));
  const error = meanOver(actual, (value, step) => Math.abs(value - (forecast[step] ?? 0)));
  // A series that repeats itself exactly has no scale, and Naive2 no error on it.
  return scale === 0 ? 0 : error / scale;
}

export type Averages = { readonly smape: number; readonly mase: number };

export function owa(own: Averages, naive2: Averages): number {
  return (own.smape / naive2.smape + own.mase / naive2.mase) / 2;
}

/** NaN where `partOf` is; the mean is over the others. */
function meanOver(values: Float64Array, partOf: (value: number, step: number) => number): number {
  let sum = 0;
  let count = 0;
  values.forEach((value, step) => {
    const part = partOf(value, step);
    if (Number.isNaN(part)) return;
    sum += part;
    count += 1;
  });
  return count === 0 ? 0 : sum / count;
}
