/**
 * A vault's Regions, and what a look at all of them learns: a Region that does not answer is left out from then on and the others
 * are looked at all the same; what is wrong with an object is a sentence of its Region's; anything else is a bug and ends the look.
 */
import { type Copy, copyOf, type Needed, type Needs, needsOf } from "../../core/backup/geographically-distributed-backup/completeness.ts";
import { REPLICATED_PREFIXES } from "../../core/backup/geographically-distributed-backup/wanted.ts";
import { ObjectMissing, VaultFault } from "../../core/backup/vault/faults.ts";
import { placeOf } from "../../core/backup/vault/manifest.ts";
import { VaultObjectTooLarge, VaultUnavailable } from "../../core/kernel/errors.ts";
import type { VaultObject, VaultStore } from "../../core/kernel/ports.ts";
import { inLanes } from "./in-lanes.ts";
import { listAll } from "./listing.ts";
import { readManifest, type StoredManifest, type Trust } from "./manifests.ts";

export type Replica = { readonly region: string; readonly store: VaultStore };
export type ListedReplica = Replica & Copy;
/** Manifests read at once: each waits for a bucket. */
const MANIFESTS_AT_ONCE = 8;

export class Findings {
  /** Why a Region is left out. */
  readonly silent = new Map<string, string>();
  private readonly faults = new Map<string, Set<string>>();
  private readonly damaged = new Map<string, Set<string>>();

  note(region: string, sentence: string): void {
    this.faults.set(region, (this.faults.get(region) ?? new Set()).add(sentence));
  }

  /** What was removed since it was listed is no fault: the next look tells whether it is missing. */
  noteError(region: string, key: string, error: unknown): void {
    if (error instanceof ObjectMissing) return;
    if (error instanceof VaultUnavailable) this.silent.set(region, error.message);
    else if (error instanceof VaultFault || error instanceof VaultObjectTooLarge) this.noteDamage(region, key, error.message);
    else throw error;
  }

  /** A key whose bytes are not those that belong there. */
  noteDamage(region: string, key: string, sentence: string): void {
    this.damaged.set(region, (this.damaged.get(region) ?? new Set()).add(key));
    this.note(region, sentence);
  }

  damagedIn(region: string): ReadonlySet<string> {
    return this.damaged.get(region) ?? new Set();
  }

  of(region: string): string[] {
    return [...(this.faults.get(region) ?? [])];
  }
}

/** What the same objects are in every Region; null where the Region does not answer. */
export async function listReplica(replica: Replica, findings: Findings): Promise<ListedReplica | null> {
  const objects: VaultObject[] = [];
  try {
    for (const prefix of REPLICATED_PREFIXES) for await (const object of listAll(replica.store, prefix)) objects.push(object);
  } catch (error) {
    findings.noteError(replica.region, "", error);
    return null;
  }
  return { ...replica, ...copyOf(objects) };
}

/**
 * Every backup whose manifest is whole in some Region, from the first that has it so. The newest of a source is read in each Region,
 * since a restore there begins with it; of the others sizes are compared, and digests by and by.
 */
export async function readBackups(copies: readonly ListedReplica[], vault: Uint8Array, trust: Trust, findings: Findings): Promise<Needs[]> {
  const found: Needs[] = [];
  /** Backups share most of their packs: each is held once. */
  const known = new Map<string, Needed>();
  const share = (needed: Needed): Needed => {
    const name = `${needed.key} ${needed.sizeBytes}`;
    const before = known.get(name) ?? needed;
    known.set(name, before);
    return before;
  };
  const newest = copies.map(({ objects }) => newestKeys(objects.keys()));
  const keys = new Set(copies.flatMap(({ objects }) => [...objects.keys()].filter((key) => placeOf(key) !== null)));
  await inLanes([...keys].toSorted(), MANIFESTS_AT_ONCE, async (key) => {
    let first: { region: string; digest: string } | null = null;
    for (const [index, copy] of copies.entries()) {
      const sizeBytes = copy.objects.get(key)?.sizeBytes;
      if (sizeBytes === undefined || findings.silent.has(copy.region) || (first !== null && !newest[index]?.has(key))) continue;
      const stored = await readIn(copy, key, { vault, trust }, findings);
      if (stored === null) continue;
      if (first !== null && first.digest !== stored.digest) {
        findings.noteDamage(
          copy.region,
          key,
          `${copy.store.name}/${key} and ${first.region}'s are different backups, both signed: a source was written twice.`,
        );
      }
      if (first !== null) continue;
      first = { region: copy.region, digest: stored.digest };
      const needs = needsOf(stored.manifest, { sizeBytes, digest: stored.digest });
      found.push({ ...needs, objects: needs.objects.map(share) });
    }
  });
  return found;
}

/** Null where it is not whole there. */
async function readIn(
  { region, store }: Replica,
  key: string,
  { vault, trust }: { vault: Uint8Array; trust: Trust },
  findings: Findings,
): Promise<StoredManifest | null> {
  const place = placeOf(key);
  try {
    return place === null ? null : await readManifest(store, place.source, place.sequence, vault, trust);
  } catch (error) {
    findings.noteError(region, key, error);
    return null;
  }
}

function newestKeys(keys: Iterable<string>): ReadonlySet<string> {
  const newest = new Map<string, string>();
  for (const key of [...keys].toSorted()) {
    const place = placeOf(key);
    if (place !== null) newest.set(place.source, key);
  }
  return new Set(newest.values());
}
