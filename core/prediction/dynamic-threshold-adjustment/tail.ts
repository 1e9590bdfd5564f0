/**
 * How rare a statistic is among its own past, with more than was ever seen: a fading histogram of its logarithm, and beyond its upper part
 * a Pareto tail whose index is the mean excess of the logarithm (Hill, Annals of Statistics 1975), as in peaks over threshold on streams
 * (SPOT: Siffer, Fouque, Termier and Largouët, KDD 2017). A few imagined excesses keep a short history from being sure of itself.
 */

/** A tail is `TAIL_CELLS` of a table and two numbers: the weight of the next point, and the total. */
export type Tail = { readonly table: Float32Array; readonly tableAt: number; readonly numbers: Float64Array; readonly numbersAt: number };

export const TAIL_CELLS = 104;
/** Cells per doubling; 104 of them reach 2^17 spreads. */
const CELLS_PER_DOUBLING = 6;
/** The upper part that the tail is fitted to, and the least points it has (a tenth of all while they are few). */
const TAIL_SHARE = 0.02;
const TAIL_POINTS_MIN = 10;
const TAIL_SHARE_EARLY = 0.1;
const IMAGINED_EXCESSES = 2.7;
const IMAGINED_EXCESS_CELLS = 5;
const EXCESS_CELLS_MIN = 0.25;
/** Points after which the past counts 1/e. */
const MEMORY_POINTS = 4_200;
const WEIGHT_MAX = 1_000;

/** −log10 of the chance that the statistic is at least this large; 0 for a statistic of 0. */
export function rarityOf(tail: Tail, statistic: number): number {
  if (!(statistic > 0)) return 0;
  const place = placeOf(statistic);
  const { edge, share, excess } = fitTail(tail);
  if (place > edge) return -Math.log10(share) + (place - edge) / excess / Math.LN10;
  const { weight, total } = massOf(tail);
  const cell = Math.min(TAIL_CELLS - 1, Math.floor(place));
  let above = (tail.table[tail.tableAt + cell] ?? 0) * (1 - (place - cell));
  for (let next = cell + 1; next < TAIL_CELLS; next += 1) above += tail.table[tail.tableAt + next] ?? 0;
  return -Math.log10(Math.min(1, (above / weight + 0.5) / (total + 1)));
}

/** The statistic that is as rare as `rarity` (−log10 of a chance), the inverse of `rarityOf`. */
export function statisticOf(tail: Tail, rarity: number): number {
  const { edge, share, excess } = fitTail(tail);
  const beyond = rarity + Math.log10(share);
  if (beyond >= 0) return statisticAt(edge + beyond * excess * Math.LN10);
  const { weight, total } = massOf(tail);
  let above = 0;
  for (let cell = TAIL_CELLS - 1; cell >= 0; cell -= 1) {
    above += (tail.table[tail.tableAt + cell] ?? 0) / weight;
    if (-Math.log10((above + 0.5) / (total + 1)) <= rarity) return statisticAt(cell + 1);
  }
  return 0;
}

export function learnStatistic(tail: Tail, statistic: number): void {
  const { table, tableAt, numbers, numbersAt } = tail;
  const weight = numbers[numbersAt] ?? 1;
  const cell = tableAt + Math.min(TAIL_CELLS - 1, Math.floor(placeOf(Math.max(0, statistic))));
  table[cell] = (table[cell] ?? 0) + weight;
  numbers[numbersAt + 1] = (numbers[numbersAt + 1] ?? 0) * (1 - 1 / MEMORY_POINTS) + 1;
  // The past fades by the new weighing more; now and then all is brought back to weight 1.
  const next = weight / (1 - 1 / MEMORY_POINTS);
  if (next < WEIGHT_MAX) numbers[numbersAt] = next;
  else {
    for (let at = tableAt; at < tableAt + TAIL_CELLS; at += 1) table[at] = (table[at] ?? 0) / next;
    numbers[numbersAt] = 1;
  }
}

function fitTail(tail: Tail): { edge: number; share: number; excess: number } {
  const { weight, total } = massOf(tail);
  const wanted = Math.max(TAIL_SHARE * total, Math.min(TAIL_POINTS_MIN, TAIL_SHARE_EARLY * total));
  let above = 0;
  let sum = 0;
  let cell = TAIL_CELLS - 1;
  for (; cell >= 0 && above < wanted; cell -= 1) {
    const mass = (tail.table[tail.tableAt + cell] ?? 0) / weight;
    // One crowded cell, such as that of 0, is no tail.
    if (above > 0 && above + mass > wanted) break;
    above += mass;
    sum += mass * (cell + 0.5);
  }
  const edge = cell + 1;
  const excess = (sum - above * edge + IMAGINED_EXCESSES * IMAGINED_EXCESS_CELLS) / (above + IMAGINED_EXCESSES);
  return { edge, share: (above + 0.5) / (total + 1), excess: Math.max(EXCESS_CELLS_MIN, excess) };
}

function massOf({ numbers, numbersAt }: Tail): { weight: number; total: number } {
  const next = numbers[numbersAt] ?? 1;
  // `next` is the weight of the point to come; the latest one weighs one fading less.
  return { weight: next * (1 - 1 / MEMORY_POINTS), total: numbers[numbersAt + 1] ?? 0 };
}

function placeOf(statistic: number): number {
  return Math.log2(1 + statistic) * CELLS_PER_DOUBLING;
}

function statisticAt(place: number): number {
  return 2 ** (place / CELLS_PER_DOUBLING) - 1;
}
