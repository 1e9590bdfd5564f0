/**
 * Which backups a Region is to have, and what is not there of them. Each Region forgets and sweeps for itself, so an object that
 * is in another Region and not here is no fault by itself: it may have been given up here on purpose.
 *
 * - A backup whose manifest is here is wanted here. One whose manifest is not is wanted while the retention rule would keep it;
 *   an older one was forgotten here, and to copy it again would undo that, under a new lock.
 * - A pack or index is wanted by a wanted backup. What no manifest names is never copied: it may have been swept here.
 * - A keyring is wanted by the number that a signed manifest names. A higher one that no backup was written under yet is
 *   nothing that a stranger's word in one Region may carry into the others, where the highest number counts. An older one is
 *   not wanted either: it may have been removed because somebody holds one of its locks.
 * - `proofs/` and `sweeps/` are a Region's own, never compared and never copied. S3 does carry the home's into the copies, since
 *   its rule has no prefix; yet they say what was read and condemned there, and would be untrue of another store.
 */
import type { VaultObject } from "../../kernel/ports.ts";
import { KEYRING_PREFIX, keyringKey } from "../vault/keyring.ts";
import { INDEXES_PREFIX, MANIFESTS_PREFIX, PACKS_PREFIX } from "../vault/manifest.ts";
import { decideRetention, type RetentionRule } from "../vault/retention.ts";
import { type Copy, holds, type Needed, type Needs } from "./completeness.ts";

/** What is the same in every Region. */
export const REPLICATED_PREFIXES = [KEYRING_PREFIX, MANIFESTS_PREFIX, PACKS_PREFIX, INDEXES_PREFIX] as const;

/** `objects` are those of the prefixes above; others do not count. */
export type RegionCopy = Copy & { readonly region: string };
/** Not here. `from` are the Regions that have it with the size that is wanted, in the order in which they were given. */
export type Absent = Needed & { readonly from: readonly string[]; readonly digest: string | null };

/** Newest first, since a Region is worth its newest complete backup. */
export function backupsWantedIn(copy: Copy, backups: readonly Needs[], retention: RetentionRule | null, nowMs: number): Needs[] {
  const kept = new Set<Needs>();
  for (const ofSource of Map.groupBy(backups, ({ source }) => source).values()) {
    const bySequence = new Map(ofSource.map((needs) => [needs.sequence, needs]));
    /** Which is proven is each Region's own knowledge; that all are is the rule by age and count alone. */
    const facts = ofSource.map(({ sequence, writtenAtMs }) => ({ sequence, writtenAtMs, isProven: true }));
    const keep = retention === null ? facts : decideRetention(facts, retention, nowMs).keep;
    for (const { sequence } of keep) kept.add(bySequence.get(sequence) as Needs);
  }
  return backups
    .filter((needs) => kept.has(needs) || copy.objects.has(needs.manifest.key))
    .toSorted((left, right) => right.writtenAtMs - left.writtenAtMs || right.sequence - left.sequence || (left.source < right.source ? -1 : 1));
}

/** Null where it is here, whatever its size. */
export function absentHere(here: Copy, others: readonly RegionCopy[], needed: Needed & { digest?: string }): Absent | null {
  const { key, sizeBytes, digest = key.slice(key.lastIndexOf("/") + 1) } = needed;
  if (here.objects.has(key)) return null;
  return { key, sizeBytes, digest, from: others.filter((copy) => holds(copy, needed)).map(({ region }) => region) };
}

/** The keyring that opens a backup: its own, or the next one that some Region has. Null where one is here. */
export function absentKeyring(here: Copy, others: readonly RegionCopy[], keyring: number): Absent | null {
  if ((here.keyrings.at(-1) ?? 0) >= keyring) return null;
  const numbers = others.flatMap(({ keyrings }) => keyrings.filter((number) => number >= keyring));
  const key = keyringKey(numbers.length === 0 ? keyring : Math.min(...numbers));
  const holders = others.filter(({ objects }) => objects.has(key));
  return { key, sizeBytes: holders[0]?.objects.get(key)?.sizeBytes ?? 0, digest: null, from: holders.map(({ region }) => region) };
}

/** When the first of the Regions that have it stored it. */
export function firstStored(copies: readonly RegionCopy[]): ReadonlyMap<string, number> {
  const firstMs = new Map<string, number>();
  const note = ({ key, modifiedMs }: VaultObject) => firstMs.set(key, Math.min(modifiedMs, firstMs.get(key) ?? modifiedMs));
  for (const { objects } of copies) for (const object of objects.values()) note(object);
  return firstMs;
}
