/**
 * From a model's score to a probability that can be taken at its word: by Platt's sigmoid (Advances in Large Margin Classifiers, 1999), by isotonic
 * regression (pool adjacent violators: Ayer and others, 1955; Zadrozny and Elkan, KDD 2002), or as it is. The choice falls to the lowest Brier
 * score on rows that the curve was not fitted on.
 */
import { sigmoid } from "./boosting.ts";

export type Calibration =
  | { readonly kind: "as it is" }
  | { readonly kind: "Platt"; readonly slope: number; readonly intercept: number }
  | { readonly kind: "isotonic"; readonly blocks: readonly { readonly from: number; readonly to: number; readonly probability: number }[] };
/** `scores` are log-odds; `outcomes` 0 or 1; rows of one group (a unit, a week) are never on both sides of the choice. */
export type ToCalibrate = { readonly scores: Float64Array; readonly outcomes: Float64Array; readonly groups: readonly string[] };

const NEWTON_ROUNDS_MAX = 50;
const PARTS = 5;

export function calibrated(score: number, calibration: Calibration): number {
  if (calibration.kind === "as it is") return sigmoid(score);
  if (calibration.kind === "Platt") return sigmoid(calibration.slope * score + calibration.intercept);
  const { blocks } = calibration;
  let [low, high] = [0, blocks.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((blocks[middle]?.to ?? 0) < score) low = middle + 1;
    else high = middle;
  }
  const [before, here] = [blocks[low - 1], blocks[low]];
  if (here === undefined) return before?.probability ?? 0.5;
  if (score >= here.from || before === undefined) return here.probability;
  // Between two blocks there was no row: the straight line joins them.
  return before.probability + ((score - before.to) / (here.from - before.to)) * (here.probability - before.probability);
}

export function chooseCalibration(rows: ToCalibrate): { calibration: Calibration; brierByKind: Record<Calibration["kind"], number> } {
  const fits = { "as it is": (): Calibration => ({ kind: "as it is" }), Platt: fitPlatt, isotonic: fitIsotonic };
  const brierByKind = { "as it is": 0, Platt: 0, isotonic: 0 };
  const part = new Map([...new Set(rows.groups)].map((group, at) => [group, at % PARTS]));
  for (let held = 0; held < PARTS; held += 1) {
    const fitted = rowsWhere(rows, (group) => part.get(group) !== held);
    const scored = rowsWhere(rows, (group) => part.get(group) === held);
    for (const kind of Object.keys(fits) as Calibration["kind"][]) {
      const calibration = fits[kind](fitted);
      scored.scores.forEach((score, row) => {
        brierByKind[kind] += (calibrated(score, calibration) - (scored.outcomes[row] as number)) ** 2 / rows.scores.length;
      });
    }
  }
  const best = (Object.keys(fits) as Calibration["kind"][]).reduce((found, kind) => (brierByKind[kind] < brierByKind[found] ? kind : found));
  return { calibration: fits[best](rows), brierByKind };
}

function rowsWhere({ scores, outcomes, groups }: ToCalibrate, isIn: (group: string) => boolean): ToCalibrate {
  const within = (_value: number, row: number): boolean => isIn(groups[row] as string);
  return { scores: scores.filter(within), outcomes: outcomes.filter(within), groups: groups.filter(isIn) };
}

/** Blocks of equal probability, never falling as the score grows; of all such curves the one with the least squared error on these rows. */
export function fitIsotonic({ scores, outcomes }: Pick<ToCalibrate, "scores" | "outcomes">): Calibration {
  const order = Array.from(scores, (_, row) => row).toSorted((left, right) => (scores[left] as number) - (scores[right] as number));
  const blocks: Block[] = [];
  for (let at = 0; at < order.length; ) {
    // Equal scores must get one probability, so they are one block before any is pooled.
    const score = scores[order[at] as number] as number;
    const block: Block = { from: score, to: score, sum: 0, rows: 0 };
    for (; at < order.length && scores[order[at] as number] === score; at += 1) {
      block.sum += outcomes[order[at] as number] as number;
      block.rows += 1;
    }
    blocks.push(block);
    poolBack(blocks);
  }
  return { kind: "isotonic", blocks: blocks.map(({ from, to, sum, rows }) => ({ from, to, probability: sum / rows })) };
}

type Block = { from: number; to: number; sum: number; rows: number };

/** Joins the last blocks while the one before is no lower. */
function poolBack(blocks: Block[]): void {
  for (let [before, last] = [blocks.at(-2), blocks.at(-1)]; before && last; [before, last] = [blocks.at(-2), blocks.at(-1)]) {
    if (before.sum * last.rows < last.sum * before.rows) return;
    blocks.splice(-2, 2, { from: before.from, to: last.to, sum: before.sum + last.sum, rows: before.rows + last.rows });
  }
}

/** Targets are drawn in from 0 and 1 by the counts, as Platt does, so that separable scores have a finite slope. */
export function fitPlatt({ scores, outcomes }: Pick<ToCalibrate, "scores" | "outcomes">): Calibration {
  const failed = outcomes.reduce((sum, outcome) => sum + outcome, 0);
  const [high, low] = [(failed + 1) / (failed + 2), 1 / (scores.length - failed + 2)];
  let [slope, intercept] = [1, 0];
  for (let round = 0; round < NEWTON_ROUNDS_MAX; round += 1) {
    let [a, b, aa, ab, bb] = [0, 0, 1e-9, 0, 1e-9];
    scores.forEach((score, row) => {
      const said = sigmoid(slope * score + intercept);
      const error = ((outcomes[row] as number) > 0 ? high : low) - said;
      const curvature = Math.max(1e-9, said * (1 - said));
      a += error * score;
      b += error;
      aa += curvature * score * score;
      ab += curvature * score;
      bb += curvature;
    });
    const determinant = aa * bb - ab * ab;
    if (!(Math.abs(determinant) > 1e-12)) break;
    // Half a step at most a unit: Newton's full step can overshoot where the sigmoid is flat.
    const [slopeStep, interceptStep] = [(a * bb - b * ab) / determinant, (b * aa - a * ab) / determinant];
    const pace = Math.min(1, 1 / Math.max(Math.abs(slopeStep), Math.abs(interceptStep), 1e-12));
    slope += pace * slopeStep;
    intercept += pace * interceptStep;
    if (Math.abs(slopeStep) + Math.abs(interceptStep) < 1e-8) break;
  }
  // A score that points the wrong way must not turn the model round unseen.
  return { kind: "Platt", slope: Math.max(0, slope), intercept };
}
