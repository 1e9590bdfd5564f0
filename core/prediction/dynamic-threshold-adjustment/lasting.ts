/**
 * Whether a trouble lasts, though it surprises nobody any more: a detector that has seen a new level for ten minutes expects it. For a person it
 * is over when the value is back where it was expected when the alert opened, or when the new level has lasted for the stated time and is the
 * normal one.
 */
export type Expected = { readonly low: number | null; readonly high: number | null };

export function stillLasts(
  alert: { readonly openedAtMs: number; readonly band: Expected },
  point: { readonly atMs: number; readonly value: number | null },
  adoptAfterMs: number,
): boolean {
  const { low, high } = alert.band;
  if (point.value === null || point.atMs - alert.openedAtMs >= adoptAfterMs) return false;
  return (low !== null && point.value < low) || (high !== null && point.value > high);
}
