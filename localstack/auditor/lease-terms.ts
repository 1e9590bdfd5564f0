/**
 * Which epoch covers which slots, from readings of the lease. A reading may lag behind the last renewal, so what counts for
 * an epoch is the most that was ever read for it. An epoch ends where the next begins, whatever it was granted.
 */
export type LeaseSighting = { readonly epoch: number; readonly holder: string; readonly fromSlot: number; readonly throughSlot: number };

export type EpochTerm = {
  readonly epoch: number;
  readonly holder: string;
  readonly fromSlot: number;
  readonly throughSlot: number;
  /** No later epoch was read: its last slot may still rise. */
  readonly last: boolean;
};

/** Epochs in order; two holders of one epoch are conflicts. */
export function leaseTerms(sightings: readonly LeaseSighting[]): { epochs: readonly EpochTerm[]; conflicts: readonly string[] } {
  const byEpoch = [...Map.groupBy(sightings, (sighting) => sighting.epoch)].toSorted(([a], [b]) => a - b);
  const conflicts = byEpoch.flatMap(([epoch, readings]) => {
    const holders = [...new Set(readings.map(({ holder }) => holder))];
    return holders.length > 1 ? [`epoch ${epoch} was read as held by ${holders.toSorted().join(" and by ")}`] : [];
  });
  const epochs = byEpoch.map(([epoch, readings], index): EpochTerm => {
    const [, next] = byEpoch[index + 1] ?? [];
    // A boot after a crash may raise the first slot within an epoch; what was signed before that was covered.
    const fromSlot = Math.min(...readings.map((reading) => reading.fromSlot));
    const granted = Math.max(...readings.map((reading) => reading.throughSlot));
    // The item's throughSlot is the highest ever granted, in any epoch: the next epoch's first reading holds what this one's last renewal wrote.
    const carried = next === undefined ? granted : Math.max(granted, next[0]?.throughSlot ?? granted);
    const throughSlot = next === undefined ? granted : Math.min(carried, Math.min(...next.map((reading) => reading.fromSlot)) - 1);
    return { epoch, holder: readings[0]?.holder ?? "", fromSlot, throughSlot, last: next === undefined };
  });
  return { epochs, conflicts };
}
