/**
 * Which backups of a source may go, by age and by count. Never the newest, and never a proven one unless a newer proven one stays:
 * nobody knows that an unproven backup can be restored, so it cannot stand for one that was.
 */

export type KeptBackup = { readonly sequence: number; readonly writtenAtMs: number; readonly isProven: boolean };
export type RetentionRule = {
  /** At least this many stay, whatever their age. */
  readonly countMin: number;
  /** Everything younger stays, whatever the count. */
  readonly ageMs: number;
};
export type RetentionDecision = {
  readonly keep: readonly { readonly sequence: number; readonly reason: string }[];
  readonly remove: readonly { readonly sequence: number; readonly reason: string }[];
};

export function decideRetention(backups: readonly KeptBackup[], { countMin, ageMs }: RetentionRule, nowMs: number): RetentionDecision {
  const newestFirst = backups.toSorted((left, right) => right.sequence - left.sequence);
  const newestProven = newestFirst.find(({ isProven }) => isProven);
  const decided = newestFirst.map((backup, place) => {
    const because = reasonToKeep(backup, place);
    return {
      sequence: backup.sequence,
      kept: because !== null,
      reason: because ?? `older than is asked for, and backup ${newestProven?.sequence} is proven`,
    };
  });
  return { keep: decided.filter(({ kept }) => kept).map(withoutKept), remove: decided.filter(({ kept }) => !kept).map(withoutKept) };

  function reasonToKeep({ sequence, writtenAtMs, isProven }: KeptBackup, place: number): string | null {
    if (place === 0) return "it is the newest";
    if (place < countMin) return `it is among the newest ${countMin}`;
    // A clock that was set back makes a backup look younger: it stays.
    if (nowMs - writtenAtMs <= ageMs) return "it is younger than is asked for";
    if (newestProven === undefined) return "no backup is proven, so nothing is removed";
    if (isProven && sequence === newestProven.sequence) return "it is the newest that is proven";
    return null;
  }
}

function withoutKept({ sequence, reason }: { sequence: number; reason: string }): { sequence: number; reason: string } {
  return { sequence, reason };
}
