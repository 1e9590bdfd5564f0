/**
 * One trial: a model and its baselines are trained on some units and tried on others, each cut at seeded cycles as the official test file is cut
 * before the failure. Training and trying are timed apart.
 */
import { type Baseline, learnBaselines } from "../../core/prediction/predictive-model/baselines.ts";
import { type Chance, chanceOf } from "../../core/prediction/predictive-model/chance.ts";
import { DEFAULT_SETTINGS } from "../../core/prediction/predictive-model/default-settings.ts";
import type { Spot } from "../../core/prediction/predictive-model/features.ts";
import type { History } from "../../core/prediction/predictive-model/history.ts";
import type { ModelSettings, PredictiveModel } from "../../core/prediction/predictive-model/predictive-model.ts";
import { trainModel } from "../../core/prediction/predictive-model/training.ts";
import { COLUMNS, SETTINGS } from "./run-to-failure.ts";

export const HORIZON_CYCLES = 30;
export const CAP_CYCLES = 125;
/** The official test files show at least about so many cycles of a unit. */
const CYCLES_SEEN_MIN = 30;

export type Trained = {
  readonly model: PredictiveModel;
  readonly baselines: readonly Baseline[];
  /** Of the processor, not of the clock: other work on the machine does not count. One thread does it all. */
  readonly trainingSeconds: number;
  readonly trainingClockSeconds: number;
};

export function trainOn(train: readonly History[], seed: number): Trained {
  const settings: ModelSettings = {
    ...DEFAULT_SETTINGS,
    columns: COLUMNS,
    conditions: SETTINGS,
    horizonSteps: HORIZON_CYCLES,
    capSteps: CAP_CYCLES,
    seed,
  };
  const [startedMs, before] = [performance.now(), process.cpuUsage()];
  const model = trainModel(train, settings);
  const { user, system } = process.cpuUsage(before);
  const trainingClockSeconds = (performance.now() - startedMs) / 1_000;
  return { model, baselines: learnBaselines(model, train), trainingSeconds: (user + system) / 1_000_000, trainingClockSeconds };
}

/** Places at which each unit is cut: any cycle from the thirtieth to the last but one, all equally likely. */
export function seededCuts(histories: readonly History[], cutsPerUnit: number, seed: number): Spot[] {
  const chance: Chance = chanceOf(seed);
  return histories.flatMap((history, which) => {
    const last = history.steps.length - 2;
    const first = Math.min(CYCLES_SEEN_MIN - 1, last);
    return Array.from({ length: cutsPerUnit }, () => ({ history: which, place: first + chance.below(last - first + 1) }));
  });
}

/** Every cycle from which a unit could have been cut: what the model would have said all along. */
export function everyCycle(histories: readonly History[]): Spot[] {
  return histories.flatMap((history, which) =>
    Array.from({ length: Math.max(0, history.steps.length - CYCLES_SEEN_MIN) }, (_, at) => ({ history: which, place: CYCLES_SEEN_MIN - 1 + at })),
  );
}
