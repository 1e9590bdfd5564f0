/**
 * `npm run bench -- monitoring --data <folder>`: the thresholds over labelled production metrics, half of the series for tuning and half for
 * this report: is the false-alarm rate the stated one, and are labelled points found better than by a windowed Gaussian, Holt–Winters bands
 * and a robust random cut forest on the same series.
 */
import { createHash } from "node:crypto";
import { join } from "node:path";
import { DEFAULT_THRESHOLDS } from "../core/prediction/dynamic-threshold-adjustment/settings.ts";
import type { Bench } from "./bench.ts";
import { runLabelled } from "./monitoring/alarms.ts";
import { scoreByCutForest } from "./monitoring/cut-forest.ts";
import { bestF1, meanVusPr } from "./monitoring/marks.ts";
import { scoreByGaussian, scoreByHoltWinters } from "./monitoring/peers.ts";
import { type LabelledSeries, readLabelledSeries } from "./monitoring/series.ts";
import { drawPlot } from "./plot.ts";

/** One false alarm in five hundred points: about three a day of minutes, one in three weeks of hours; enough of them to be counted. */
const STATED_SHARE = 0.002;
const SHARE_TOLERANCE = 0.3;
const SHARES_PLOTTED = [0.0005, 0.001, 0.002, 0.004];
const SEED = 7;

export const monitoring: Bench = {
  name: "monitoring",
  async run({ given, say }) {
    const all = readLabelledSeries(given.data ?? join(import.meta.dirname, "..", "..", "shared", "data", "cloud-monitoring"));
    const halves = { tune: all.filter((each) => halfOf(each) === "tune"), report: all.filter((each) => halfOf(each) === "report") };
    for (const [half, series] of Object.entries(halves)) say(`${half} half: ${series.map(({ file }) => file).join(" ")}`);
    const tuned = rateOf(halves.tune, STATED_SHARE);
    const rate = rateOf(halves.report, STATED_SHARE);
    say(`false alarms: stated ${STATED_SHARE} of the points, report half ${rate.share.toFixed(5)}, tune half ${tuned.share.toFixed(5)}`);
    const marks: Record<string, { f1: number; vus: number }> = {};
    const detectors: Record<string, (series: LabelledSeries) => Float64Array> = {
      "own detector": (series) => runLabelled(series, { ...DEFAULT_THRESHOLDS, falseAlarmShare: STATED_SHARE }).scores,
      "windowed Gaussian": scoreByGaussian,
      "Holt–Winters bands": scoreByHoltWinters,
      "random cut forest": (series) => scoreByCutForest(series, SEED),
    };
    for (const [name, scoreOf] of Object.entries(detectors)) {
      const fromMs = performance.now();
      const scores = halves.report.map(scoreOf);
      const { f1, precision, recall } = bestF1(halves.report, scores);
      marks[name] = { f1: round(f1), vus: round(meanVusPr(halves.report, scores)) };
      say(
        `${name}: F1 ${round(f1)} (precision ${round(precision)}, recall ${round(recall)}), VUS-PR ${marks[name].vus}, ${Math.round(performance.now() - fromMs)} ms`,
      );
    }
    const own = marks["own detector"] ?? { f1: 0, vus: 0 };
    const isBest = Object.entries(marks).every(([name, { f1, vus }]) => name === "own detector" || (own.f1 > f1 && own.vus > vus));
    const isStated = Math.abs(rate.share / STATED_SHARE - 1) <= SHARE_TOLERANCE;
    const plotted = SHARES_PLOTTED.map((share): [number, number] => [share, rateOf(halves.report, share).share]);
    return {
      figures: {
        "false alarms, stated share of points": STATED_SHARE,
        "false alarms, measured share on normal spans": Number(rate.share.toFixed(5)),
        "false alarms, measured on the tune half": Number(tuned.share.toFixed(5)),
        "false alarms, counted": `${rate.falseAlarms} on ${rate.normalPoints} normal points`,
        "labelled spans with an alarm": `${rate.found} of ${rate.spans}`,
        "best F1": Object.fromEntries(Object.entries(marks).map(([name, { f1 }]) => [name, f1])),
        "VUS-PR": Object.fromEntries(Object.entries(marks).map(([name, { vus }]) => [name, vus])),
        "report half": `${halves.report.length} of ${all.length} series, by the hash of the file's name`,
      },
      pass: isStated && isBest,
      plots: { monitoring: plotRates(plotted) },
    };
  },
};

function rateOf(series: readonly LabelledSeries[], falseAlarmShare: number) {
  const runs = series.map((each) => runLabelled(each, { ...DEFAULT_THRESHOLDS, falseAlarmShare }));
  const total = (key: "falseAlarms" | "normalPoints" | "found" | "spans"): number => runs.reduce((sum, run) => sum + run[key], 0);
  return {
    share: total("falseAlarms") / Math.max(1, total("normalPoints")),
    falseAlarms: total("falseAlarms"),
    normalPoints: total("normalPoints"),
    found: total("found"),
    spans: total("spans"),
  };
}

function plotRates(points: [number, number][]): string {
  const [first = [0, 0], last = [0, 0]] = [points[0], points.at(-1)];
  return drawPlot({
    title: "False alarms on normal spans: stated and measured",
    x: "stated share of points",
    y: "measured share",
    series: [
      { name: "measured", points },
      {
        name: "as stated",
        points: [
          [first[0], first[0]],
          [last[0], last[0]],
        ],
      },
    ],
  });
}

function halfOf({ file }: LabelledSeries): "tune" | "report" {
  const [byte = 0] = createHash("sha256").update(file).digest();
  return byte % 2 === 0 ? "tune" : "report";
}

function round(value: number): number {
  return Math.round(value * 1_000) / 1_000;
}
