/** Removes the manifests of backups that are old enough to go; the space comes back with the next two sweeps. */
import { manifestKey } from "../../core/backup/vault/manifest.ts";
import { decideRetention, type KeptBackup, type RetentionDecision, type RetentionRule } from "../../core/backup/vault/retention.ts";
import type { Clock, VaultStore } from "../../core/kernel/ports.ts";
import { listSequences, readManifest, type Trust } from "./manifests.ts";
import { backupName, readProofs } from "./proofs.ts";

/** Oldest first, so that a run that dies leaves the newer ones. */
export async function forgetBackups(
  { store, vault, trust, clock }: { store: VaultStore; vault: Uint8Array; trust: Trust; clock: Clock },
  source: string,
  rule: RetentionRule,
): Promise<RetentionDecision> {
  const { backups: proven } = await readProofs(store);
  const backups: KeptBackup[] = [];
  for (const sequence of await listSequences(store, source)) {
    const { manifest } = await readManifest(store, source, sequence, vault, trust);
    backups.push({ sequence, writtenAtMs: manifest.writtenAtMs, isProven: proven.has(backupName(manifest)) });
  }
  const decided = decideRetention(backups, rule, clock.wallMs());
  for (const { sequence } of decided.remove.toReversed()) await store.remove(manifestKey(source, sequence));
  return decided;
}
