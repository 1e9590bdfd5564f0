/**
 * How evenly a load lies: Jain's index, (Σx)² / (n Σx²). 1 is perfectly even; 1/n is everything on one node. It does not
 * depend on the unit, and a stranger can check it by hand.
 * Source: R. Jain, D. Chiu, W. Hawe, "A Quantitative Measure of Fairness and Discrimination", DEC-TR-301, 1984.
 */

/** Nothing to carry is carried fairly. */
export function jainIndex(loads: readonly number[]): number {
  const sum = loads.reduce((total, load) => total + load, 0);
  const squares = loads.reduce((total, load) => total + load * load, 0);
  return squares === 0 ? 1 : Math.min(1, (sum * sum) / (loads.length * squares));
}
