/**
 * Files with several names. The first name that is met keeps the bytes and the later ones refer to it; where the first was
 * skipped or replaced while it was read, the next name takes its place, so a reference always leads to bytes that were kept.
 * A file is forgotten once all its names were met, so what is held is bounded by the files whose other names are to come.
 */
import type { SeenFile } from "./see-entry.ts";

type Group = { kept: Promise<string | null>; left: number };
/** `earlier` is where the file's bytes were kept under an earlier name, or null. `settle` must be called once it is known for this one. */
export type LinkClaim = { readonly earlier: Promise<string | null>; settle(keptAt: string | null): void };

const ALONE: LinkClaim = { earlier: Promise.resolve(null), settle: () => {} };

export class HardLinks {
  private readonly groups = new Map<string, Group>();

  /** In the order of the walk: each name waits for the one before it. */
  claim(seen: SeenFile): LinkClaim {
    if (seen.links < 2) return ALONE;
    // The time of birth, because an inode's number is given to a new file as soon as the old one is gone.
    const key = `${seen.stamp.device}:${seen.stamp.inode}:${seen.bornNs}`;
    const group = this.groups.get(key) ?? { kept: ALONE.earlier, left: seen.links };
    const earlier = group.kept;
    const { promise, resolve } = Promise.withResolvers<string | null>();
    group.kept = promise;
    group.left -= 1;
    if (group.left > 0) this.groups.set(key, group);
    else this.groups.delete(key);
    return { earlier, settle: resolve };
  }

  get waiting(): number {
    return this.groups.size;
  }
}
