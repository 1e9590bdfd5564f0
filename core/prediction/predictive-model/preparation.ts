/**
 * From raw histories to comparable ones, learned from the training units alone: metrics that never change are left out, each is read against its
 * regime's mean and spread, and one fused metric, a ridge regression of the remaining life on all of them, sums up many noisy signs of one wear.
 */
import { type History, remainingSteps } from "./history.ts";
import { fitLinear, type LinearModel, linearScore } from "./linear.ts";
import { learnRegimes, type Regimes, regimeOf } from "./regimes.ts";

export type PreparationSettings = {
  /** Names of all columns of a history, in their order. */
  readonly columns: readonly string[];
  /** Those of them that are conditions and no measurements. */
  readonly conditions: readonly string[];
  readonly capSteps: number;
  readonly seed: number;
};
export type Preparation = {
  readonly columns: readonly string[];
  /** Places of the metrics that are used. */
  readonly kept: readonly number[];
  readonly conditions: readonly number[];
  readonly regimes: Regimes;
  /** By regime, then by kept metric. */
  readonly means: readonly (readonly number[])[];
  readonly spreads: readonly (readonly number[])[];
  readonly fused: LinearModel;
};

/** The fused metric's name; a fleet's own metrics have a dot or a unit in theirs. */
export const FUSED = "all metrics together";
const FUSED_PENALTY_ROWS = 10;
/** A measurement further from its mean than this is a fault of measuring. */
const STANDARD_MAX = 12;

export function learnPreparation(histories: readonly History[], settings: PreparationSettings): Preparation {
  const conditions = settings.conditions.map((name) => settings.columns.indexOf(name));
  const together = (column: number): Float64Array => {
    const parts = histories.map(({ columns }) => columns[column] as Float64Array);
    const all = new Float64Array(parts.reduce((sum, { length }) => sum + length, 0));
    parts.reduce((from, part) => {
      all.set(part, from);
      return from + part.length;
    }, 0);
    return all;
  };
  const conditionColumns = conditions.map(together);
  const regimes = learnRegimes(conditionColumns, settings.seed);
  const rows = histories.reduce((sum, { steps }) => sum + steps.length, 0);
  const regime = Uint8Array.from({ length: rows }, (_, row) =>
    regimeOf(
      regimes,
      conditionColumns.map((column) => column[row] as number),
    ),
  );
  const measured = settings.columns.flatMap((_, at) => (conditions.includes(at) ? [] : [at]));
  const standards = measured.map((at) => ({ at, by: standardsByRegime(together(at), regime, regimes.centres.length) }));
  const varying = standards.filter(({ by }) => by.some(({ spread }) => spread > 0));
  const bare = {
    columns: settings.columns,
    kept: varying.map(({ at }) => at),
    conditions,
    regimes,
    means: regimes.centres.map((_, which) => varying.map(({ by }) => by[which]?.mean ?? 0)),
    spreads: regimes.centres.map((_, which) => varying.map(({ by }) => by[which]?.spread ?? 0)),
  };
  return { ...bare, fused: learnFused(histories, bare, settings.capSteps) };
}

export function preparedNames({ columns, kept }: Preparation): string[] {
  return [...kept.map((at) => columns[at] as string), FUSED];
}

export function prepare(history: History, preparation: Preparation): History {
  const columns = standardised(history, preparation);
  const fused = Float64Array.from(history.steps, (_, place) =>
    // Where nothing was measured, nothing is summed up.
    columns.every((column) => Number.isNaN(column[place])) ? Number.NaN : linearScore(preparation.fused, columns, place),
  );
  return { ...history, columns: [...columns, fused] };
}

function standardised(history: History, { kept, conditions, regimes, means, spreads }: Omit<Preparation, "fused">): Float64Array[] {
  const columns = kept.map(() => new Float64Array(history.steps.length));
  for (let place = 0; place < history.steps.length; place += 1) {
    const regime = regimeOf(
      regimes,
      conditions.map((at) => history.columns[at]?.[place] as number),
    );
    kept.forEach((at, metric) => {
      const [mean, spread] = [means[regime]?.[metric] as number, spreads[regime]?.[metric] as number];
      const value = history.columns[at]?.[place] as number;
      // A metric that is constant in this regime says nothing there; a gap stays a gap.
      const standard = spread > 0 ? Math.max(-STANDARD_MAX, Math.min(STANDARD_MAX, (value - mean) / spread)) : value * 0;
      (columns[metric] as Float64Array)[place] = standard;
    });
  }
  return columns;
}

function standardsByRegime(column: Float64Array, regime: Uint8Array, regimes: number): { mean: number; spread: number }[] {
  return Array.from({ length: regimes }, (_, which) => {
    const values = column.filter((value, row) => regime[row] === which && !Number.isNaN(value));
    const mean = values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
    const spread = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / Math.max(1, values.length));
    return { mean, spread: spread > 1e-7 * Math.max(1e-3, Math.abs(mean)) ? spread : 0 };
  });
}

/** Rows whose remaining life nobody knows do not teach. */
function learnFused(histories: readonly History[], bare: Omit<Preparation, "fused">, capSteps: number): LinearModel {
  const names = bare.kept.map((at) => bare.columns[at] as string);
  const columns = names.map((): number[] => []);
  const targets: number[] = [];
  for (const history of histories) {
    const standard = standardised(history, bare);
    for (let place = 0; place < history.steps.length; place += 1) {
      const left = remainingSteps(history, history.steps[place] as number, capSteps);
      if (left === null) continue;
      targets.push(left);
      columns.forEach((column, metric) => void column.push((standard[metric] as Float64Array)[place] as number));
    }
  }
  const matrix = { names, rows: targets.length, columns: columns.map((column) => Float64Array.from(column)) };
  return fitLinear(matrix, Float64Array.from(targets), { loss: "squared", penaltyRows: FUSED_PENALTY_ROWS, iterationsMax: 1 });
}
