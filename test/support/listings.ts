/** Listings of Regions, and backups that name some of a few objects, by their keys and sizes alone. */
import fc from "fast-check";
import type { Needed, Needs } from "../../core/backup/geographically-distributed-backup/completeness.ts";
import type { VaultObject } from "../../core/kernel/ports.ts";

export const NOW_MS = 1_800_000_000_000;
const HOUR_MS = 3_600_000;
export const KEYRING_1: Needed = { key: "keyring/00000001.json", sizeBytes: 300 };
const object = (key: string, sizeBytes: number): Needed => ({ key, sizeBytes });
/** The indexes last, as a manifest's needs have them. */
export const OBJECTS = [
  object("packs/n1/aa/aa1", 10),
  object("packs/n1/bb/bb2", 20),
  object("packs/n1/cc/cc3", 30),
  object("packs/n2/dd/dd4", 40),
  object("indexes/n1/ee5", 5),
  object("indexes/n2/ff6", 6),
] as const;

export function needsFor(sequence: number, objects: readonly (Needed | undefined)[], writtenAtMs = sequence, source = "n1.directory"): Needs {
  const key = `manifests/${source}/${String(sequence).padStart(12, "0")}.json`;
  const named = objects.filter((each) => each !== undefined);
  return { source, sequence, writtenAtMs, keyring: 1, manifest: { key, sizeBytes: 100 + sequence, digest: "0".repeat(64) }, objects: named };
}

export const anyBackups = fc
  .tuple(...[1, 2, 3].map(() => fc.subarray([...OBJECTS])))
  .map((named) => named.map((objects, at) => (at === 2 ? needsFor(1, objects, at, "n2.directory") : needsFor(at + 1, objects, at))));

export type Listed = {
  readonly region: string;
  readonly kind: "listed";
  readonly objects: readonly VaultObject[];
  readonly damaged: ReadonlySet<string>;
};

/** An hour old. */
export function listed(region: string, objects: readonly Needed[]): Listed {
  return {
    region,
    kind: "listed",
    objects: objects.map(({ key, sizeBytes }) => ({ key, sizeBytes, modifiedMs: NOW_MS - HOUR_MS })),
    damaged: new Set(),
  };
}

const EVERYTHING: readonly Needed[] = [
  KEYRING_1,
  ...OBJECTS,
  ...[needsFor(1, []), needsFor(2, []), needsFor(1, [], 2, "n2.directory")].map(({ manifest: { key, sizeBytes } }) => ({ key, sizeBytes })),
  object("packs/n1/00/unnamed", 9),
  object("proofs/0000000000001-a.json", 2),
];

/** Of everything some is not there, some is too short, and some is known to be damaged. A keyring is there or not. */
export function anyListing(region: string): fc.Arbitrary<Listed> {
  const state = fc.record({
    kind: fc.constantFrom("whole", "whole", "whole", "absent", "absent", "cut", "damaged"),
    ageMs: fc.integer({ min: 0, max: 3 * 24 * HOUR_MS }),
  });
  return fc.array(state, { minLength: EVERYTHING.length, maxLength: EVERYTHING.length }).map((states) => {
    const damaged = new Set<string>();
    const objects = EVERYTHING.flatMap(({ key, sizeBytes }, at): VaultObject[] => {
      const { kind, ageMs } = states[at] ?? { kind: "absent", ageMs: 0 };
      if (kind === "absent") return [];
      const isKeyring = key === KEYRING_1.key;
      if (kind === "damaged" && !isKeyring) damaged.add(key);
      return [{ key, sizeBytes: kind === "cut" && !isKeyring ? sizeBytes - 1 : sizeBytes, modifiedMs: NOW_MS - ageMs }];
    });
    return { region, kind: "listed", objects, damaged };
  });
}
