/**
 * What a single value would have to be to be ordinary at this time, and a sentence for whoever is woken by one that is not. The band is
 * bounded: never narrower than the metric's own unit of residual, never wider than a fixed number of spreads, never beyond stated bounds.
 */
import { type Evidence, residualUnit, tailOf } from "./evidence.ts";
import type { ThresholdSettings } from "./settings.ts";
import { AT, read, type ThresholdState, VIEWS, type ViewName } from "./state.ts";
import { statisticOf } from "./tail.ts";
import type { Verdict } from "./verdict.ts";

const WIDTH_SCALES_MAX = 20;

export function expectedBand(
  state: ThresholdState,
  { expected }: Evidence,
  rarity: number,
  { bounds }: ThresholdSettings,
): { low: number; high: number } {
  const origin = read(state, AT.origin);
  const unit = residualUnit(state);
  const level = read(state, AT.level);
  const { low, high } = expected ?? { low: level, high: level };
  const wanted = statisticOf(tailOf(state, VIEWS.indexOf("season")), rarity) * unit;
  const width = Math.max(unit, Math.min(wanted, WIDTH_SCALES_MAX * Math.max(unit, read(state, AT.scale))));
  const within = (value: number): number => (bounds ? Math.max(bounds.low, Math.min(bounds.high, value)) : value);
  return { low: within(origin + low - width), high: within(origin + high + width) };
}

const SIGNS: Record<ViewName, string> = {
  level: "it is far from the metric's level",
  shift: "the latest points together have left the metric's level",
  swing: "it changes more from point to point than it used to",
  still: "it no longer changes as it used to",
  season: "it is unlike what this time usually holds",
  reach: "it is beyond everything lately seen around this time",
};

export function explain({ kind, band, rarity }: Verdict, value: number, { strongest }: Evidence): string {
  const range = band ? ` (expected ${show(band.low)} to ${show(band.high)})` : "";
  if (kind === "learning") return `${show(value)}: too few points yet to know what is usual`;
  if (kind === "normal") {
    const isInside = !band || (value >= band.low && value <= band.high);
    return isInside ? `${show(value)} is usual${range}` : `${show(value)}${range} is unusual by itself, but not rare enough for an alarm`;
  }
  return `${show(value)}${range}: ${SIGNS[strongest]}; as strange as this is expected ${show(rarity ?? 0)} times a day`;
}

function show(value: number): string {
  return String(Number(value.toPrecision(3)));
}
