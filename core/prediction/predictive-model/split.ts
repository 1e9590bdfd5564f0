/**
 * Parts that do not know of each other. A unit is on one side only, or the test begins after all that the training was told: the outcome of step s
 * is known at s + horizon, so rows within one horizon before the cut belong to neither side.
 */
import { chanceOf, shuffled } from "./chance.ts";
import { type History, placeAfter } from "./history.ts";

/** The units, `testShare` of them held out by chance; at least one on each side where there are two. */
export function splitUnits(units: readonly string[], testShare: number, seed: number): { train: string[]; test: string[] } {
  const order = shuffled([...new Set(units)].toSorted(), chanceOf(seed));
  const held = Math.min(order.length - 1, Math.max(order.length > 1 ? 1 : 0, Math.round(testShare * order.length)));
  return { train: order.slice(held), test: order.slice(0, held) };
}

/** Every unit is in one fold. */
export function foldUnits(units: readonly string[], folds: number, seed: number): string[][] {
  const order = shuffled([...new Set(units)].toSorted(), chanceOf(seed));
  return Array.from({ length: Math.min(folds, order.length) }, (_, fold) => order.filter((_unit, at) => at % folds === fold));
}

/** What one could have learned before `cutStep`: rows whose horizon had ended by then (the embargo), and failures that had happened. */
export function knownBefore(histories: readonly History[], cutStep: number, horizonSteps: number): History[] {
  return histories.flatMap((history) => {
    const places = placeAfter(history.steps, cutStep - horizonSteps - 1);
    if (places === 0) return [];
    const failedAtStep = history.failedAtStep !== null && history.failedAtStep < cutStep ? history.failedAtStep : null;
    return [
      {
        ...history,
        steps: Array.prototype.slice.call(history.steps, 0, places) as number[],
        columns: history.columns.map((column) => column.subarray(0, places)),
        failedAtStep,
        knownUntilStep: Math.min(history.knownUntilStep, cutStep - 1),
      },
    ];
  });
}
