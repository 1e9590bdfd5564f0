/** Colours, or none: one object that every renderer is given, so that a renderer is a pure function of it and its facts. */
import picocolors from "picocolors";

export type Paint = ReturnType<typeof picocolors.createColors>;

export const painted = (colours: boolean): Paint => picocolors.createColors(colours);

/** For programs, files and tests. */
export const plain: Paint = painted(false);

const GOOD = new Set(["healthy", "live", "held", "member", "resolved", "auto", "calm", "hit", "prevented", "correct-silence", "promoted"]);
const ODD = new Set([
  "slow",
  "lagging",
  "probation",
  "recommend",
  "approve",
  "shadow",
  "awaiting-approval",
  "open",
  "recorded",
  "withdrawn",
  "revoking",
  "unknown",
  "warn",
  "kept",
  "thin",
]);

/** A state word in the colour of how much it should worry a reader. A word nobody has classed is bad news until it is. */
export function paintState(paint: Paint, word: string): string {
  if (GOOD.has(word)) return paint.green(word);
  return ODD.has(word) ? paint.yellow(word) : paint.red(word);
}
