/**
 * What a row of predictions says: how many in a row, up to now, were at or above a level, or below one, and since when. A row ends at the
 * first that is not, and at a gap: what nobody predicted is no evidence for anything.
 */
export type Foreseen = { readonly madeAtMs: number; readonly probability: number };
export type Row = { readonly count: number; readonly lastsMs: number };

/** `predictions` of one node, in any order; a moment that was predicted twice counts once, with the later entry. */
export function newestFirst(predictions: readonly Foreseen[]): Foreseen[] {
  const byMoment = new Map(predictions.map((one) => [one.madeAtMs, one]));
  return [...byMoment.values()].toSorted((a, b) => b.madeAtMs - a.madeAtMs);
}

/** The row that ends with the newest. `afterMs` is exclusive: what has led to one step does not lead to the next as well. */
export function rowOf(
  ordered: readonly Foreseen[],
  { afterMs, gapMsMax, belongs }: { afterMs: number; gapMsMax: number; belongs: (probability: number) => boolean },
): Row {
  let count = 0;
  for (const { madeAtMs, probability } of ordered) {
    const later = ordered[count - 1];
    if (madeAtMs <= afterMs || !belongs(probability) || (later && later.madeAtMs - madeAtMs > gapMsMax)) break;
    count += 1;
  }
  const [newest, oldest] = [ordered[0], ordered[count - 1]];
  return { count, lastsMs: newest && oldest && count > 0 ? newest.madeAtMs - oldest.madeAtMs : 0 };
}
