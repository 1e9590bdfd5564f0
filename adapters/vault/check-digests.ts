/** Reads some objects of one Region again, the longest unproven first, and tells those that are not the bytes that were written. */
import type { Needs } from "../../core/backup/geographically-distributed-backup/completeness.ts";
import { type Checkable, chooseSample } from "../../core/backup/geographically-distributed-backup/sample.ts";
import { INDEXES_PREFIX, PACKS_PREFIX, placeOf } from "../../core/backup/vault/manifest.ts";
import { objectName } from "../../core/backup/vault/pack.ts";
import { PROOF_PREFIX } from "../../core/backup/vault/proof.ts";
import { inLanes } from "./in-lanes.ts";
import { readManifest, type Trust } from "./manifests.ts";
import { readProofs } from "./proofs.ts";
import { damageOf } from "./repair-replica.ts";
import type { Findings, ListedReplica } from "./replicas.ts";

const LANES = 4;

type Given = {
  readonly copy: ListedReplica;
  readonly backups: readonly Needs[];
  readonly vault: Uint8Array;
  readonly trust: Trust;
  readonly digestsMax: number;
  readonly nowMs: number;
  readonly findings: Findings;
};

/** Resolves to how many were read. */
export async function checkDigests(given: Given): Promise<number> {
  const { copy, backups, digestsMax, nowMs, findings } = given;
  const { region, store } = copy;
  let checked = 0;
  if (digestsMax === 0) return checked;
  try {
    const { provenAtMs } = await readProofs(store);
    await inLanes(chooseSample(checkable(copy, backups), provenAtMs, digestsMax, nowMs), LANES, async (object) => {
      if (findings.silent.has(region)) return;
      const isRead = await check(given, object).catch((error: unknown) => {
        findings.noteError(region, object.key, error);
        return false;
      });
      if (isRead) checked += 1;
    });
  } catch (error) {
    findings.noteError(region, PROOF_PREFIX, error);
  }
  return checked;
}

async function check({ copy, vault, trust, findings }: Given, { key, sizeBytes, digest }: Checkable): Promise<boolean> {
  const { region, store } = copy;
  const got = await store.get(key, { bytesMax: sizeBytes });
  if (got.kind === "absent") return false;
  const found = objectName(got.bytes);
  if (found === digest) return true;
  const place = placeOf(key);
  /** A manifest's own check has the better word for it, such as that it was rolled back. */
  if (place !== null) await readManifest(store, place.source, place.sequence, vault, trust);
  findings.noteDamage(region, key, damageOf(`${store.name}/${key}`, found));
  return true;
}

function checkable({ objects }: ListedReplica, backups: readonly Needs[]): Checkable[] {
  const named = [...objects.values()].filter(({ key }) => key.startsWith(PACKS_PREFIX) || key.startsWith(INDEXES_PREFIX));
  return [
    ...named.map(({ key, sizeBytes }) => ({ key, sizeBytes, digest: key.slice(key.lastIndexOf("/") + 1) })),
    ...backups.flatMap(({ manifest }) => (objects.has(manifest.key) ? [{ ...manifest, sizeBytes: objects.get(manifest.key)?.sizeBytes ?? 0 }] : [])),
  ];
}
