/**
 * Whether one Region's copy of a backup is complete. S3 copies objects in no order, so a manifest may be there before what it
 * names: a copy is usable once its manifest, every pack and index with the size that the manifest says, and a keyring no older
 * than the one it was written under are there. Told from a listing, without a key.
 */
import type { VaultObject } from "../../kernel/ports.ts";
import { KEYRING_PREFIX, keyringKey } from "../vault/keyring.ts";
import { indexKey, type Manifest, manifestKey, packKey } from "../vault/manifest.ts";

const NAMED_MAX = 3;

export type Needed = { readonly key: string; readonly sizeBytes: number };
/** What one backup needs to be restored. */
export type Needs = {
  readonly source: string;
  readonly sequence: number;
  readonly writtenAtMs: number;
  /** Any keyring from this one on opens it. */
  readonly keyring: number;
  /** The manifest itself, as it was read whole somewhere. */
  readonly manifest: Needed & { readonly digest: string };
  /** Packs, then the indexes that name them. */
  readonly objects: readonly Needed[];
};
/** What a store holds. `damaged` are keys of which is known that their bytes are not the ones that belong there. */
export type Copy = {
  readonly objects: ReadonlyMap<string, VaultObject>;
  readonly keyrings: readonly number[];
  readonly damaged: ReadonlySet<string>;
};

export type Completeness =
  | { readonly kind: "complete"; readonly reason: string }
  | { readonly kind: "incomplete"; readonly missing: readonly string[]; readonly differing: readonly string[]; readonly reason: string };

export function copyOf(listed: Iterable<VaultObject>, damaged: ReadonlySet<string> = new Set()): Copy {
  const objects = new Map<string, VaultObject>();
  const keyrings: number[] = [];
  for (const object of listed) {
    objects.set(object.key, object);
    const number = keyringNumber(object.key);
    if (number !== null) keyrings.push(number);
  }
  return { objects, keyrings: keyrings.toSorted((left, right) => left - right), damaged };
}

/** As far as is known without reading it. */
export function holds({ objects, damaged }: Copy, { key, sizeBytes }: Needed): boolean {
  return objects.get(key)?.sizeBytes === sizeBytes && !damaged.has(key);
}

export function needsOf(manifest: Manifest, stored: { sizeBytes: number; digest: string }): Needs {
  const { source, sequence, writtenAtMs, keyring, packs, indexes } = manifest;
  return {
    source,
    sequence,
    writtenAtMs,
    keyring,
    manifest: { key: manifestKey(source, sequence), ...stored },
    objects: [
      ...packs.map(({ writer, name, sizeBytes }) => ({ key: packKey(writer, name), sizeBytes })),
      ...indexes.map(({ writer, name, sizeBytes }) => ({ key: indexKey(writer, name), sizeBytes })),
    ],
  };
}

export function decideCompleteness(needs: Needs, copy: Copy): Completeness {
  const { objects, keyrings } = copy;
  const lacking = [needs.manifest, ...needs.objects].filter((needed) => !holds(copy, needed));
  const differing = lacking.filter(({ key }) => objects.has(key)).map(({ key }) => key);
  const missing = lacking.filter(({ key }) => !objects.has(key)).map(({ key }) => key);
  if ((keyrings.at(-1) ?? 0) < needs.keyring) missing.push(keyringKey(needs.keyring));
  const backup = `backup ${needs.sequence} of ${needs.source}`;
  if (missing.length === 0 && differing.length === 0) return { kind: "complete", reason: `${backup} is there with all that it names` };
  const faults = [
    ...(missing.length > 0 ? [`${missing.length} of its objects are not there (${firstOf(missing)})`] : []),
    ...(differing.length > 0 ? [`${differing.length} are not what its manifest says (${firstOf(differing)})`] : []),
  ];
  return { kind: "incomplete", missing, differing, reason: `${backup} is not whole here: ${faults.join("; ")}` };
}

/** The newest backup that could be restored from this copy alone: its age is what a loss of all other Regions would cost. */
export function newestComplete(source: string, backups: Iterable<Needs>, copy: Copy): Needs | null {
  let newest: Needs | null = null;
  for (const needs of backups) {
    if (needs.source !== source || needs.sequence <= (newest?.sequence ?? 0)) continue;
    if (decideCompleteness(needs, copy).kind === "complete") newest = needs;
  }
  return newest;
}

/** The first few, and how many more. */
export function firstOf(keys: readonly string[]): string {
  const more = keys.length - NAMED_MAX;
  return `${keys.slice(0, NAMED_MAX).join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
}

/** Null for a key that is no keyring's. */
function keyringNumber(key: string): number | null {
  const [, digits] = key.startsWith(KEYRING_PREFIX) ? (/^(\d{8})\.json$/.exec(key.slice(KEYRING_PREFIX.length)) ?? []) : [];
  return digits === undefined ? null : Number(digits);
}
