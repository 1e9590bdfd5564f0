/**
 * Which objects of one store are read again to see whether they are still the bytes that were written: first those that nobody has
 * proven there for longest, or ever; of equals a draw that falls otherwise in each run, so that runs that write nothing down still
 * come to everything in time. Packs and indexes that a proof names go to the end of the queue; manifests have no proof, so once everything
 * else is proven they are what is drawn.
 */
import { createHash } from "node:crypto";
import type { Needed } from "./completeness.ts";

/** `digest` is what its bytes must have: for a pack or an index its name. */
export type Checkable = Needed & { readonly digest: string };

/** `provenAtMs` by digest, of this very store. `draw` is another one in each run. */
export function chooseSample<T extends Checkable>(
  objects: readonly T[],
  provenAtMs: ReadonlyMap<string, number>,
  digestsMax: number,
  draw: number,
): T[] {
  const lot = ({ key }: T): string => createHash("sha256").update(`${draw} ${key}`).digest("hex");
  return objects
    .map((object) => ({ object, atMs: provenAtMs.get(object.digest) ?? 0, lot: lot(object) }))
    .toSorted((left, right) => left.atMs - right.atMs || (left.lot < right.lot ? -1 : 1))
    .slice(0, digestsMax)
    .map(({ object }) => object);
}
