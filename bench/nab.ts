/**
 * `npm run bench -- nab --data <folder> --out <folder>`: the thresholds' detector over the Numenta Anomaly Benchmark, point by point with
 * one setting for all series, beside NAB's windowed Gaussian, chance and silence. Writes the official result files, scores all three
 * profiles, and measures pace and state.
 */
import { join } from "node:path";
import { DEFAULT_THRESHOLDS } from "../core/prediction/dynamic-threshold-adjustment/settings.ts";
import type { Bench, Figures } from "./bench.ts";
import { type NabCorpus, type NabSeries, readNabCorpus } from "./nab/corpus.ts";
import { scoreByChance, scoreByNothing, scoreByWindowedGaussian } from "./nab/peers.ts";
import { writeResults } from "./nab/results.ts";
import { type Scored, scoreNab, scoreNabAt } from "./nab/scorer.ts";
import { halfOf } from "./nab/split.ts";
import { measureState } from "./nab/state-size.ts";
import { runThresholds } from "./nab/thresholds.ts";
import { drawPlot } from "./plot.ts";

const STANDARD = "standard";
const STANDARD_MIN = 65;
const POINTS_PER_SECOND_MIN = 10_000;
const SEED = 7;

export const nab: Bench = {
  name: "nab",
  async run({ given, say }) {
    const corpus = readNabCorpus(given.data ?? join(import.meta.dirname, "..", "..", "shared", "data", "nab"));
    const points = corpus.series.reduce((sum, { values }) => sum + values.length, 0);
    say(`${corpus.series.length} series, ${points} points, ${corpus.series.reduce((sum, { windows }) => sum + windows.length, 0)} windows`);
    const fromMs = performance.now();
    const own = corpus.series.map((series) => runThresholds(series, DEFAULT_THRESHOLDS));
    const perSecond = Math.round(points / ((performance.now() - fromMs) / 1_000));
    const peers = {
      "windowed Gaussian": corpus.series.map((series) => scoreByWindowedGaussian(series)),
      chance: corpus.series.map((series) => scoreByChance(series, SEED)),
      silence: corpus.series.map(scoreByNothing),
    };
    if (given.out !== undefined) say(`${writeResults(given.out, "synnergy", corpus.series, own)} result files in ${given.out}`);
    const figures: Figures = {};
    for (const [name, profile] of corpus.profiles) {
      const each = Object.entries({ "own detector": own, ...peers }).map(([peer, scores]) => [
        peer,
        round(scoreNab(corpus.series, scores, profile).normalized),
      ]);
      figures[`score, ${name}`] = Object.fromEntries(each);
      say(`${name}: ${each.map(([peer, score]) => `${peer} ${score}`).join(", ")}`);
    }
    const standard = corpus.profiles.get(STANDARD);
    if (!standard) throw new Error(`config/profiles.json has no profile "${STANDARD}"`);
    const scored = scoreNab(corpus.series, own, standard);
    Object.assign(figures, describe(corpus, own, scored, say));
    const state = await measureState();
    say(`state: ${JSON.stringify(state)}`);
    const plot = drawPlot({
      title: "NAB, standard profile: score by threshold (100 is perfect)",
      x: "threshold",
      y: "score",
      series: [
        { name: "own detector", points: curve(corpus, own) },
        { name: "windowed Gaussian", points: curve(corpus, peers["windowed Gaussian"]) },
      ],
    });
    return {
      figures: { ...figures, "points a second on one core": perSecond, "threshold state": state },
      pass: scored.normalized >= STANDARD_MIN && perSecond >= POINTS_PER_SECOND_MIN,
      plots: { nab: plot },
    };
  },
};

type Scores = readonly ArrayLike<number>[];

function describe(
  { series, profiles }: NabCorpus,
  scores: Scores,
  { threshold, detected, windows, falseDetections }: Scored,
  say: (line: string) => void,
): Figures {
  const profile = profiles.get(STANDARD);
  if (!profile) return {};
  const partBy = (isIn: (each: NabSeries) => boolean): Scored => {
    const places = series.flatMap((each, place) => (isIn(each) ? [place] : []));
    return scoreNabAt(
      places.flatMap((place) => series[place] ?? []),
      places.map((place) => scores[place] ?? []),
      profile,
      threshold,
    );
  };
  const told = ({ normalized, ...part }: Scored): string =>
    `${Number.isFinite(normalized) ? round(normalized) : "no window"}, ${part.detected} of ${part.windows} windows, ${part.falseDetections} false detections`;
  const groups = [...new Set(series.map(({ group }) => group))].map((group) => [group, told(partBy((each) => each.group === group))]);
  const halves = (["tune", "report"] as const).map((half) => [half, told(partBy((each) => halfOf(each) === half))]);
  for (const [name, line] of [...groups, ...halves]) say(`standard, ${name}: ${line}`);
  for (const half of ["tune", "report"] as const) {
    const files = series.filter((each) => halfOf(each) === half).map(({ group, file }) => `${group}/${file}`);
    say(`${half} half: ${files.join(" ")}`);
  }
  return {
    "standard, detected": `${detected} of ${windows} windows with ${falseDetections} false detections at threshold ${threshold.toFixed(4)}`,
    "standard, by group": Object.fromEntries(groups),
    "standard, by half": Object.fromEntries(halves),
  };
}

function curve({ series, profiles }: NabCorpus, scores: Scores): [number, number][] {
  const profile = profiles.get(STANDARD);
  if (!profile) return [];
  return Array.from({ length: 50 }, (_, place) => place / 50 + 0.01).map((threshold) => [
    threshold,
    Math.max(-100, scoreNabAt(series, scores, profile, threshold).normalized),
  ]);
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
