/** Units that wear out at their own pace: two metrics show it through noise, one shows nothing, one is constant, and under load all read higher. */
import { chanceOf } from "../../../../core/prediction/predictive-model/chance.ts";
import { DEFAULT_SETTINGS } from "../../../../core/prediction/predictive-model/default-settings.ts";
import type { History } from "../../../../core/prediction/predictive-model/history.ts";
import type { ModelSettings } from "../../../../core/prediction/predictive-model/predictive-model.ts";

export const COLUMNS = ["load", "heat", "memory", "noise", "constant"] as const;

export function wearingUnits(count: number, seed: number, gapShare = 0): History[] {
  const chance = chanceOf(seed);
  const normal = (): number => chance.next() + chance.next() + chance.next() + chance.next() - 2;
  return Array.from({ length: count }, (_, unit) => {
    const life = 60 + chance.below(80);
    const columns = COLUMNS.map(() => new Float64Array(life));
    for (let step = 0; step < life; step += 1) {
      const load = chance.below(3);
      const wear = Math.exp((step - life) / 15);
      const values = [load, 40 + 20 * load + 8 * wear + normal(), 10 + 5 * load - 3 * wear + 0.5 * normal(), normal(), 7];
      values.forEach((value, at) => {
        (columns[at] as Float64Array)[step] = at > 0 && chance.next() < gapShare ? Number.NaN : value;
      });
    }
    return {
      unit: `unit-${unit}`,
      steps: Float64Array.from({ length: life }, (_step, at) => at),
      columns,
      startedAtStep: 0,
      failedAtStep: life - 1,
      knownUntilStep: life - 1,
    };
  });
}

/** Few and small trees: laws hold whatever the size. */
export const SMALL: ModelSettings = {
  ...DEFAULT_SETTINGS,
  columns: COLUMNS,
  conditions: ["load"],
  horizonSteps: 15,
  capSteps: 60,
  features: { windowsSteps: [5, 15], halfLivesSteps: [3], baselineSteps: 8, usesAge: true },
  failure: { ...DEFAULT_SETTINGS.failure, treesMax: 30 },
  life: { ...DEFAULT_SETTINGS.life, treesMax: 30 },
};
