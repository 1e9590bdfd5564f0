/** Regions in every state of disrepair, and backups that name what is in them. */
import fc from "fast-check";
import { flipped, indexMade, keyringMade, type Made, manifestMade, packMade, putAll, type RegionForTest, regionForTest } from "./replicas.ts";

export const REGIONS = ["us-east-1", "eu-west-1", "ap-southeast-2"];
export const PACKS = [1, 2, 3, 4, 5].map((seed) => packMade(seed));
export const INDEXES = [1, 2].map(indexMade);
const UNNAMED = [
  packMade(90),
  indexMade(91),
  { key: "proofs/0000000000001-test.json", bytes: Buffer.from("{}") },
  { key: "sweeps/0000000000001.json", bytes: Buffer.from("{}") },
];
export const KEYRING = keyringMade(1);

type Backup = { readonly manifest: Made; readonly needs: readonly Made[] };
/** By numbers, so that a counterexample can be read; `worldOf` makes the objects. */
const anyNames = fc.record({ packs: fc.subarray([0, 1, 2, 3, 4]), indexes: fc.subarray([0, 1]) });
const anyState = fc.constantFrom("whole", "whole", "absent", "absent", "flipped", "cut", "other");
const anyRow = fc.array(anyState, { minLength: 10, maxLength: 10 });
export const anyChoice = fc.record({
  names: fc.tuple(anyNames, anyNames, anyNames),
  states: fc.tuple(anyRow, anyRow, anyRow),
  keyrings: fc.tuple(fc.boolean(), fc.boolean(), fc.boolean()),
  digestsMax: fc.constantFrom(0, 3, 1_000),
});
type Choice = typeof anyChoice extends fc.Arbitrary<infer T> ? T : never;
export type World = Choice & { readonly backups: readonly Backup[]; readonly objects: readonly Made[] };

export function worldOf(choice: Choice): World {
  const backups = choice.names.map((names, at) => {
    const packs = names.packs.map((number) => PACKS[number] as Made);
    const indexes = names.indexes.map((number) => INDEXES[number] as Made);
    const place = at === 2 ? { source: "n2.directory", sequence: 1 } : { source: "n1.directory", sequence: at + 1 };
    return { manifest: manifestMade({ ...place, packs, indexes }), needs: [KEYRING, ...packs, ...indexes] };
  });
  return { ...choice, backups, objects: [...PACKS, ...INDEXES, ...backups.map(({ manifest }) => manifest)] };
}

function inState({ key, bytes }: Made, state: string, objects: readonly Made[]): Made[] {
  if (state === "absent") return [];
  if (state === "flipped") return [{ key, bytes: flipped(bytes) }];
  if (state === "cut") return [{ key, bytes: bytes.subarray(0, bytes.length - 1) }];
  if (state !== "other") return [{ key, bytes }];
  /** Another whole object of the same kind stands in its place: of a manifest, an earlier or a later one. */
  const alike = objects.filter((each) => each.key !== key && each.key.split("/")[0] === key.split("/")[0]);
  return [{ key, bytes: alike[0]?.bytes ?? bytes }];
}

export async function regionsOf({ objects, states, keyrings }: World): Promise<RegionForTest[]> {
  const regions = REGIONS.map(regionForTest);
  for (const [index, { store, puts }] of regions.entries()) {
    await putAll(
      store,
      objects.flatMap((object, at) => inState(object, states[index]?.[at] ?? "absent", objects)),
    );
    if (keyrings[index]) await putAll(store, [KEYRING]);
    if (index === 0) await putAll(store, UNNAMED);
    puts.length = 0;
  }
  return regions;
}
