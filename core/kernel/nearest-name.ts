/** Guesses what somebody meant who wrote a name that does not exist. */

/** Two slips of the finger in a short word; more, and a suggestion would be a riddle. */
const EDITS_MAX = 2;
const LENGTH_MAX = 64;

/** ` (did you mean "x"?)`, or nothing where no allowed name is near. */
export function nearest(found: string, allowed: readonly string[]): string {
  const ranked = allowed
    .map((name) => ({ name, edits: editDistance(found.toLowerCase(), name.toLowerCase()) }))
    .filter(({ name, edits }) => edits <= EDITS_MAX && edits < name.length)
    .toSorted((a, b) => a.edits - b.edits);
  const [best] = ranked;
  return best === undefined ? "" : ` (did you mean "${best.name}"?)`;
}

/** Levenshtein's distance; words longer than the limit are as far apart as can be. */
export function editDistance(from: string, to: string): number {
  if (from.length > LENGTH_MAX || to.length > LENGTH_MAX) return Number.POSITIVE_INFINITY;
  let previous = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (let row = 1; row <= from.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= to.length; column += 1) {
      const swap = (previous[column - 1] ?? 0) + (from[row - 1] === to[column - 1] ? 0 : 1);
      current.push(Math.min(swap, (previous[column] ?? 0) + 1, (current[column - 1] ?? 0) + 1));
    }
    previous = current;
  }
  return previous[to.length] ?? 0;
}
