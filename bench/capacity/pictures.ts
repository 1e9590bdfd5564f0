/** The bench's two pictures: short against over for every scaler, and the busiest day's demand under our capacity. */
import { drawPlot } from "../plot.ts";
import type { Replay, Score } from "./replay.ts";

export type Line = { readonly name: string; readonly scores: readonly Score[] };

const DAY_MINUTES = 1_440;
/** Half a minute stands for none on a logarithmic axis. */
const NONE_MINUTES = 0.5;

export function drawFrontier(lines: readonly Line[]): string {
  return drawPlot({
    title: "Minutes short against capacity paid",
    x: "capacity above demand, %",
    y: "minutes short, %",
    logarithmic: true,
    series: lines.map(({ name, scores }) => ({
      name,
      kind: scores.length === 1 ? ("scatter" as const) : ("line" as const),
      points: scores
        .map(({ overPercent, shortMinutes, scoredMinutes }) => [overPercent, (100 * Math.max(shortMinutes, NONE_MINUTES)) / scoredMinutes] as const)
        .toSorted(([left], [right]) => left - right),
    })),
  });
}

export function drawDay(demand: readonly (number | null)[], ours: Replay, tracking: Replay, from: number, firstMinute: number): string {
  const midnight = from + ((DAY_MINUTES - ((firstMinute + from) % DAY_MINUTES)) % DAY_MINUTES);
  let busiest = midnight;
  let most = -1;
  for (let start = midnight; start + DAY_MINUTES <= demand.length; start += DAY_MINUTES) {
    const sum = demand.slice(start, start + DAY_MINUTES).reduce<number>((all, units) => all + (units ?? 0), 0);
    if (sum > most) [busiest, most] = [start, sum];
  }
  const line = (values: readonly (number | null | undefined)[]): [number, number][] =>
    Array.from({ length: DAY_MINUTES }, (_, minute) => [minute / 60, values[busiest + minute] ?? 0]);
  const date = new Date((firstMinute + busiest) * 60_000).toISOString().slice(0, 10);
  return drawPlot({
    title: `The busiest day, ${date}`,
    x: "hour, UTC",
    y: "units",
    series: [
      { name: "demand", points: line(demand) },
      { name: "ready, ours", points: line(ours.ready) },
      { name: "ready, target tracking 0.7", points: line(tracking.ready) },
    ],
  });
}
