/** From tried rows to figures and pictures: remaining life, calibration and warnings, the model's beside each baseline's. */
import { BASELINES } from "../../core/prediction/predictive-model/baselines.ts";
import {
  bestLevel,
  brierScore,
  calibrationError,
  RELIABILITY_BINS,
  reliabilityOf,
  rootMeanSquare,
  type ScoredRow,
  warnedAt,
} from "../../core/prediction/predictive-model/evaluation.ts";
import { rowsOfBaseline, type TrialRow } from "../../core/prediction/predictive-model/trial.ts";
import type { Figures } from "../bench.ts";
import { drawPlot } from "../plot.ts";
import { CAP_CYCLES, HORIZON_CYCLES, type Trained } from "./trials.ts";

export type Trial = {
  readonly trained: Trained;
  /** One cut a unit; several cuts a unit; every cycle; and every cycle of the training units, on which baselines choose their warning level. */
  readonly single: readonly TrialRow[];
  readonly many: readonly TrialRow[];
  readonly every: readonly TrialRow[];
  readonly chosenOn: readonly TrialRow[];
};

const round = (value: number | null, digits = 4): number | null => (value === null ? null : Number(value.toFixed(digits)));

/** Truth and prediction both capped: a unit of 200 cycles and one of 125 look alike, as is usual for these data. */
export function lifeError(rows: readonly TrialRow[]): number {
  return rootMeanSquare(
    rows.map(({ remainingSteps, stepsToFailure }) => ({ said: remainingSteps, was: Math.min(CAP_CYCLES, stepsToFailure ?? CAP_CYCLES) })),
  );
}

export function probabilityFigures(rows: readonly TrialRow[]): Record<string, number | null> {
  return {
    "expected calibration error": round(calibrationError(rows)),
    Brier: round(brierScore(rows)),
    ...Object.fromEntries(BASELINES.map((name) => [`Brier, ${name}`, round(brierScore(rowsOfBaseline(rows, name)))])),
    rows: rows.length,
  };
}

/**
 * Warnings over every cycle of the held-out units: the model's at the level its calibrating rows chose, each baseline's at the level with the best F1
 * on the training units. A unit that is held out in two splits counts twice.
 */
export function warningFigures(trials: readonly Trial[]): Figures {
  const figuresOf = (
    levelOf: (trial: Trial) => number,
    rowsOf: (rows: readonly TrialRow[]) => readonly ScoredRow[],
  ): Record<string, number | null> => {
    const levels = trials.map(levelOf);
    const rows = trials.flatMap(({ every }, at) =>
      rowsOf(every).map((row) => ({ ...row, unit: `${at}/${row.unit}`, probability: Number(row.probability >= (levels[at] as number)) })),
    );
    const { precision, recall, failuresWarned, leadStepsMedian } = warnedAt(rows, 1);
    return {
      "level, mean": round(
        levels.reduce((sum, level) => sum + level / levels.length, 0),
        3,
      ),
      precision: round(precision, 3),
      recall: round(recall, 3),
      "failures warned of": round(failuresWarned, 3),
      "lead, median cycles": leadStepsMedian,
    };
  };
  return {
    "warning, the model": figuresOf(
      ({ trained }) => trained.model.level,
      (rows) => rows,
    ),
    ...Object.fromEntries(
      BASELINES.map((name) => [
        `warning, ${name}`,
        figuresOf(
          ({ chosenOn }) => bestLevel(rowsOfBaseline(chosenOn, name)),
          (rows) => rowsOfBaseline(rows, name),
        ),
      ]),
    ),
  };
}

export function reliabilityFigures(rows: readonly TrialRow[]): Figures {
  return Object.fromEntries(
    reliabilityOf(rows).map(({ from, to, rows: count, said, happened }) => [
      `said ${Math.round(100 * from)}–${Math.round(100 * to)} %`,
      { rows: count, "said, mean": round(said, 3), happened: round(happened, 3) },
    ]),
  );
}

/** The curve of all `rows`; the points of `single`, one cut a unit, which is what an eye can tell apart. */
export function plotsOf(rows: readonly TrialRow[], single: readonly TrialRow[]): Record<string, string> {
  const curve = (of: readonly ScoredRow[]) => reliabilityOf(of).map(({ said, happened }) => [said, happened] as const);
  return {
    "failure-reliability": drawPlot({
      title: `Fails within ${HORIZON_CYCLES} cycles: said and happened, ${RELIABILITY_BINS} equal bins, held-out units`,
      x: "probability said",
      y: "share that failed",
      series: [
        {
          name: "as said",
          points: [
            [0, 0],
            [1, 1],
          ],
        },
        { name: "the model", points: curve(rows) },
        { name: "logistic regression", points: curve(rowsOfBaseline(rows, "logistic regression")) },
        { name: "thresholds", points: curve(rowsOfBaseline(rows, "thresholds")) },
      ],
    }),
    "failure-remaining-life": drawPlot({
      title: `Remaining life of held-out units, capped at ${CAP_CYCLES} cycles`,
      x: "true cycles left",
      y: "predicted cycles left",
      series: [
        {
          name: "as it was",
          points: [
            [0, 0],
            [CAP_CYCLES, CAP_CYCLES],
          ],
        },
        {
          name: "predicted",
          kind: "scatter",
          points: single.map(
            ({ remainingSteps, stepsToFailure }) => [Math.min(CAP_CYCLES, stepsToFailure ?? CAP_CYCLES), round(remainingSteps, 1) ?? 0] as const,
          ),
        },
      ],
    }),
  };
}

/** One line a prediction; the true columns are empty where nobody knows. */
export function csvOf(
  rows: readonly { unit: string; step: number; remainingSteps: number; probability: number; stepsToFailure: number | null; split?: number }[],
): string {
  const lines = rows.map(({ unit, step, remainingSteps, probability, stepsToFailure, split }) =>
    [
      unit,
      step,
      remainingSteps.toFixed(3),
      probability.toFixed(5),
      stepsToFailure ?? "",
      stepsToFailure === null ? "" : Number(stepsToFailure <= HORIZON_CYCLES),
      split ?? "",
    ].join(","),
  );
  return `unit,cycle,rul_predicted,probability_fails_within_${HORIZON_CYCLES},rul_true,fails_within_${HORIZON_CYCLES},split\n${lines.join("\n")}\n`;
}
