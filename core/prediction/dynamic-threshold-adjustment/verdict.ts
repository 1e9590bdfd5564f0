/** What `observe` takes and says of one point. */
export type Point = {
  /** Times only grow: a point that is not newer than the last is taken for a gap. */
  readonly atMs: number;
  /** Null: nothing was measured. */
  readonly value: number | null;
};

export type Verdict = {
  readonly kind: "learning" | "normal" | "anomalous" | "gap";
  /** How much it is worth telling a person now, 0 to 1: falls after an alarm, so that what lasts is told once. */
  readonly score: number;
  /** Where an ordinary value would lie; null in a gap. */
  readonly band: { readonly low: number; readonly high: number } | null;
  /** Times a day that a point as strange as this is expected under the baseline; null in a gap. */
  readonly rarity: number | null;
  readonly reason: string;
};
