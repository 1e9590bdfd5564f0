/**
 * In which order a Region gets what it lacks: backup by backup, the newest first, so that a run that ends early leaves the Region
 * worth the most; of each the keyring, the packs, the indexes, and last the manifest. Packs come before indexes because a writer
 * refers to every pack that an index of its own names.
 *
 * The one exception: a backup of which not all fits into what is left of a run's limits has its manifest copied first. This Region's
 * sweep takes back within two days what no manifest here names, and a repair that lasts longer would never end.
 */
import type { Needed } from "./completeness.ts";
import type { Absent } from "./wanted.ts";

export type RepairLimits = { readonly keysMax: number; readonly bytesMax: number };
export type Spent = { readonly keys: number; readonly bytes: number };
export type Repair = Absent & {
  readonly kind: "keyring" | "pack" | "index" | "manifest";
  /** Of a manifest what it names: if one of these was to be copied in the same run and could not be, this is not copied either. */
  readonly after: readonly Needed[];
};
/** What one backup lacks here and some other Region has. */
export type Lack = {
  readonly keyring: Absent | null;
  readonly packs: readonly Absent[];
  readonly indexes: readonly Absent[];
  readonly manifest: Absent | null;
  readonly names: readonly Needed[];
};

/** The first object of a run always fits: else one that is larger than the limit would never be copied. */
export function fits({ keysMax, bytesMax }: RepairLimits, spent: Spent, { sizeBytes }: Needed): boolean {
  return spent.keys < keysMax && (spent.keys === 0 || spent.bytes + sizeBytes <= bytesMax);
}

/** `lacks` of the newest backup first, each object once. All of it is answered, in order; a run takes from the start what fits. */
export function planRepairs(lacks: readonly Lack[], limits: RepairLimits): Repair[] {
  const repairs: Repair[] = [];
  const spent = { keys: 0, bytes: 0 };
  for (const { keyring, packs, indexes, manifest, names } of lacks) {
    const objects: Repair[] = [
      ...(keyring === null ? [] : [{ ...keyring, kind: "keyring" as const, after: [] }]),
      ...packs.map((absent) => ({ ...absent, kind: "pack" as const, after: [] })),
      ...indexes.map((absent) => ({ ...absent, kind: "index" as const, after: [] })),
    ];
    const sum = [...objects, ...(manifest === null ? [] : [manifest])].reduce((bytes, { sizeBytes }) => bytes + sizeBytes, 0);
    const isWithin = spent.keys + objects.length + 1 <= limits.keysMax && spent.bytes + sum <= limits.bytesMax;
    if (manifest === null) repairs.push(...objects);
    else if (isWithin) repairs.push(...objects, { ...manifest, kind: "manifest", after: names });
    else repairs.push({ ...manifest, kind: "manifest", after: [] }, ...objects);
    spent.keys += objects.length + (manifest === null ? 0 : 1);
    spent.bytes += sum;
  }
  return repairs;
}
