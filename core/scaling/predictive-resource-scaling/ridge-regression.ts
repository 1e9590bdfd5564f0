/**
 * Linear least squares with a pull of each coefficient towards a stated guess (Hoerl and Kennard, "Ridge regression", Technometrics
 * 1970): what the data doesn't say stays at the guess. Rows come one by one, so memory is the square of the coefficients only.
 */
import { at } from "./history.ts";

/** A pivot below this share of its diagonal is no information. */
const PIVOT_MIN = 1e-12;

export type NormalEquations = { readonly size: number; readonly products: Float64Array; readonly targets: Float64Array; weight: number };

export function beginEquations(size: number): NormalEquations {
  return { size, products: new Float64Array(size * size), targets: new Float64Array(size), weight: 0 };
}

export function addRow({ size, products, targets }: NormalEquations, row: Float64Array, target: number, weight: number): void {
  for (let i = 0; i < size; i += 1) {
    const weighted = at(row, i) * weight;
    targets[i] = at(targets, i) + weighted * target;
    const base = i * size;
    for (let j = 0; j <= i; j += 1) products[base + j] = at(products, base + j) + weighted * at(row, j);
  }
}

/** The coefficients that minimise the squared error plus `penalty` × weight × (coefficient − its guess)². `addRow`'s weights are summed in `weight` by the caller. */
export function solveRidge(equations: NormalEquations, penalty: number, guess: Float64Array): Float64Array {
  const { size, products, targets, weight } = equations;
  const pull = penalty * Math.max(weight, 1);
  const lower = Float64Array.from(products);
  const right = targets.map((target, i) => target + pull * at(guess, i));
  for (let i = 0; i < size; i += 1) lower[i * size + i] = at(lower, i * size + i) + pull;
  factorise(lower, size);
  for (let i = 0; i < size; i += 1) {
    let sum = at(right, i);
    for (let k = 0; k < i; k += 1) sum -= at(lower, i * size + k) * at(right, k);
    right[i] = sum / at(lower, i * size + i);
  }
  for (let i = size - 1; i >= 0; i -= 1) {
    let sum = at(right, i);
    for (let k = i + 1; k < size; k += 1) sum -= at(lower, k * size + i) * at(right, k);
    right[i] = sum / at(lower, i * size + i);
  }
  return right;
}

/** Cholesky's factor in place, in the lower triangle. */
function factorise(lower: Float64Array, size: number): void {
  for (let i = 0; i < size; i += 1) {
    for (let j = 0; j <= i; j += 1) {
      const diagonal = at(lower, i * size + j);
      let sum = diagonal;
      for (let k = 0; k < j; k += 1) sum -= at(lower, i * size + k) * at(lower, j * size + k);
      lower[i * size + j] = i === j ? Math.sqrt(Math.max(sum, PIVOT_MIN * Math.max(diagonal, 1))) : sum / at(lower, j * size + j);
    }
  }
}
