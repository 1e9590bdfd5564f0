/** The forecast bench's plots: how often the band held at each step, and one series with its band. */
import { drawPlot } from "../plot.ts";
import type { HeldOut } from "./hold-out.ts";

/** Days of history shown before the forecast. */
const SHOWN_STEPS = 72;

export function drawCoverage({ covered, series, horizonSteps }: HeldOut): string {
  const flat = (name: string, percent: number) => ({ name, points: [[1, percent] as const, [horizonSteps, percent] as const] });
  return drawPlot({
    title: `90 % intervals: how often they held, over ${series} series`,
    x: "steps ahead",
    y: "percent of series",
    series: [
      { name: "covered", points: covered.byStep.map((share, step) => [step + 1, 100 * share] as const) },
      flat("promised", 90),
      flat("least", 87),
      flat("most", 93),
    ],
  });
}

export function drawBand({ sample, horizonSteps }: HeldOut): string {
  const { id, known, actual, low, median, high } = sample;
  const ahead = (values: Float64Array) => [...values].map((value, step) => [step + 1, value] as const);
  const shown = [...known.subarray(-SHOWN_STEPS)];
  const before = shown.map((value, place) => [place + 1 - shown.length, value] as const);
  return drawPlot({
    title: `${id}, the series with the middle error: ${horizonSteps} steps that were hidden`,
    x: "steps ahead",
    y: "value",
    series: [
      { name: "known", points: before },
      { name: "came", points: ahead(actual) },
      { name: "median", points: ahead(median) },
      { name: "5 % quantile", points: ahead(low) },
      { name: "95 % quantile", points: ahead(high) },
    ],
  });
}
