/**
 * The laws of backups, judged from what lies in the buckets and what the nodes say, and nothing else. Pure. Like the auditor of the
 * one holder it is told no story; it reads manifests with a few lines of its own, not with the program's reader.
 */
export type SeenManifest = {
  readonly region: string;
  readonly key: string;
  /** SHA-256 of the object. */
  readonly digest: string;
  readonly source: string;
  readonly sequence: number;
  readonly parent: string | null;
  readonly point: { readonly height: number; readonly hash: string } | null;
  /** Keys with sizes of what it names. */
  readonly names: readonly { readonly key: string; readonly sizeBytes: number }[];
};
export type SeenVault = {
  readonly manifests: readonly SeenManifest[];
  /** By Region: key → size. Absent where the Region's bucket is gone. */
  readonly objects: ReadonlyMap<string, ReadonlyMap<string, number>>;
};

export const BACKUP_LAWS = {
  "named-block": "every backup names a block of the network's chain",
  "one-line": "the backups of a source are one line: each names the one before by its digest",
  "written-once": "no manifest is ever another than it was",
  "restorable-somewhere": "everything that a backup names is in some Region",
  kept: "no backup is gone, or cannot be read any more, in every Region",
} as const;
type BackupLaw = keyof typeof BACKUP_LAWS;
export type BackupViolation = { readonly law: BackupLaw; readonly text: string };

/** `before` and `after`: the vault when the story began and when it had ended. `hashAt`: of a live node. */
export function auditBackups(before: SeenVault, after: SeenVault, hashAt: ReadonlyMap<number, string>): BackupViolation[] {
  const violations: BackupViolation[] = [];
  const digests = new Map(before.manifests.map(({ region, key, digest }) => [`${region}/${key}`, digest]));
  for (const { region, key, digest } of after.manifests) {
    const was = digests.get(`${region}/${key}`);
    if (was !== undefined && was !== digest) violations.push({ law: "written-once", text: `${key} in ${region} was ${was} and is ${digest}` });
  }
  for (const [source, all] of Map.groupBy(after.manifests, (manifest) => manifest.source)) violations.push(...lineFaults(source, all));
  for (const manifest of after.manifests) {
    const { point, key, names } = manifest;
    const live = point === null ? undefined : hashAt.get(point.height);
    if (point !== null && live !== point.hash)
      violations.push({ law: "named-block", text: `${key} names ${point.hash} at ${point.height}, the network has ${live ?? "no such block"}` });
    const lost = names.filter((name) => ![...after.objects.values()].some((objects) => objects.get(name.key) === name.sizeBytes));
    if (lost.length > 0)
      violations.push({ law: "restorable-somewhere", text: `${key} names ${lost.length} objects that are in no Region, ${lost[0]?.key} the first` });
  }
  const nameOf = ({ source, sequence }: SeenManifest): string => `${source}/${sequence}`;
  const readable = new Set(after.manifests.map(nameOf));
  for (const name of new Set(before.manifests.map(nameOf)))
    if (!readable.has(name)) violations.push({ law: "kept", text: `${name} was there and is not` });
  return violations;
}

function lineFaults(source: string, all: readonly SeenManifest[]): BackupViolation[] {
  const bySequence = new Map<number, SeenManifest>();
  const violations: BackupViolation[] = [];
  for (const manifest of all) {
    const other = bySequence.get(manifest.sequence);
    if (other !== undefined && other.digest !== manifest.digest)
      violations.push({
        law: "one-line",
        text: `${source} has two backups ${manifest.sequence}: ${other.digest} in ${other.region}, ${manifest.digest} in ${manifest.region}`,
      });
    bySequence.set(manifest.sequence, manifest);
  }
  for (const { sequence, parent } of bySequence.values()) {
    const previous = bySequence.get(sequence - 1);
    if (previous !== undefined && previous.digest !== parent)
      violations.push({ law: "one-line", text: `backup ${sequence} of ${source} names ${parent} as the one before, which is ${previous.digest}` });
  }
  return violations;
}
