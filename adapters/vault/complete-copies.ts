/**
 * From where to restore when Regions are lost: the newest backup that one Region holds entire, told without a key. What is complete can
 * be restored from that Region alone; what is not may still be put together from several, object by object.
 */
import { type Copy, decideCompleteness, needsOf } from "../../core/backup/geographically-distributed-backup/completeness.ts";
import { manifestKey, placeOf, type SourceName } from "../../core/backup/vault/manifest.ts";
import { InputInvalid } from "../../core/kernel/errors.ts";
import { readManifest, type StoredManifest, type Trust } from "./manifests.ts";
import { Findings, listReplica, type Replica } from "./replicas.ts";

export type CompleteCopy =
  /** `passedOver` says of each newer backup why it is not whole here. */
  | { readonly kind: "complete"; readonly stored: StoredManifest; readonly replica: Replica; readonly passedOver: readonly string[] }
  | { readonly kind: "none"; readonly passedOver: readonly string[]; readonly reason: string }
  | { readonly kind: "unreachable"; readonly reason: string };
type Given = { readonly stores: readonly Replica[]; readonly vault: Uint8Array; readonly trust: Trust };

export async function newestCompleteCopy({ stores, vault, trust }: Given, region: string, source: SourceName): Promise<CompleteCopy> {
  const replica = stores.find((each) => each.region === region);
  if (replica === undefined) throw new InputInvalid({ where: "the Region", faults: [`${region} is none of ${regionsOf(stores)}`] });
  const findings = new Findings();
  const copy = await listReplica(replica, findings);
  const passedOver: string[] = [];
  if (copy === null) return { kind: "unreachable", reason: findings.silent.get(region) ?? "it was not listed" };
  for (const sequence of sequencesIn(copy, source)) {
    const stored = await readManifest(replica.store, source, sequence, vault, trust).catch((error: unknown) => {
      findings.noteError(region, manifestKey(source, sequence), error);
      passedOver.push((error as Error).message);
      return null;
    });
    if (findings.silent.has(region)) break;
    if (stored === null) continue;
    const sizeBytes = copy.objects.get(stored.key)?.sizeBytes ?? 0;
    const decided = decideCompleteness(needsOf(stored.manifest, { sizeBytes, digest: stored.digest }), copy);
    if (decided.kind === "complete") return { kind: "complete", stored, replica, passedOver };
    passedOver.push(decided.reason);
  }
  const silence = findings.silent.get(region);
  if (silence !== undefined) return { kind: "unreachable", reason: silence };
  return { kind: "none", passedOver, reason: `${region} holds no backup of ${source} that is whole; ${passedOver.length} are there in part` };
}

/** The newest first. */
function sequencesIn({ objects }: Copy, source: string): number[] {
  const places = [...objects.keys()].flatMap((key) => placeOf(key) ?? []);
  return places.flatMap((place) => (place.source === source ? [place.sequence] : [])).toSorted((left, right) => right - left);
}

const regionsOf = (stores: readonly Replica[]): string => stores.map(({ region }) => region).join(", ");
