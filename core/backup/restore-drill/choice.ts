/**
 * Which copy a drill restores. The farther Region's, since that is the one that a loss of the nearer leaves; and of what is complete
 * there the newest, since that is what a restore would begin with.
 */
export type CompleteCopy = { readonly region: string; readonly source: string; readonly sequence: number; readonly writtenAtMs: number };
export type Choice<C extends CompleteCopy> =
  | { readonly kind: "chosen"; readonly copy: C; readonly reason: string }
  | { readonly kind: "none"; readonly reason: string };

/** Farthest first: not the host's own Region, and among the others not the one in which backups are written. */
export function farthestFirst(regions: readonly string[], { host, home }: { host: string; home: string }): string[] {
  const nearness = (region: string): number => (region === host ? 2 : region === home ? 1 : 0);
  return regions.toSorted((left, right) => nearness(left) - nearness(right) || regions.indexOf(left) - regions.indexOf(right));
}

/** `copies`: of each Region and source the newest that is complete. `regions` farthest first. */
export function chooseCopy<C extends CompleteCopy>(copies: readonly C[], regions: readonly string[], source: string | null): Choice<C> {
  for (const region of regions) {
    const here = copies.filter((copy) => copy.region === region && (source === null || copy.source === source));
    const [copy] = here.toSorted((left, right) => right.writtenAtMs - left.writtenAtMs || (left.source < right.source ? -1 : 1));
    if (copy !== undefined)
      return { kind: "chosen", copy, reason: `the newest that is complete in ${region}: backup ${copy.sequence} of ${copy.source}` };
  }
  return { kind: "none", reason: `no backup${source === null ? "" : ` of ${source}`} is complete in ${regions.join(" or in ")}` };
}
