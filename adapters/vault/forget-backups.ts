/** Removes the manifests of backups that are old enough to go; the space comes back with the next two sweeps. */
import { manifestKey } from "../../core/backup/vault/manifest.ts";
import { decideRetention, type KeptBackup, type RetentionDecision, type RetentionRule } from "../../core/backup/vault/retention.ts";
import type { Clock, VaultStore } from "../../core/kernel/ports.ts";
import { listSequences, readManifest, type Trust } from "./manifests.ts";
import { backupName, readProofs } from "./proofs.ts";

export type ForgetGiven = {
  readonly store: VaultStore;
  readonly vault: Uint8Array;
  readonly trust: Trust;
  readonly clock: Clock;
  /** Backups that were proven in this very store, by their names; read here where nobody has read them. */
  readonly proven?: ReadonlySet<string>;
};

/** Oldest first, so that a run that dies leaves the newer ones. */
export async function forgetBackups(
  { store, vault, trust, clock, ...given }: ForgetGiven,
  source: string,
  rule: RetentionRule,
): Promise<RetentionDecision> {
  const proven = given.proven ?? (await readProofs(store)).backups;
  const backups: KeptBackup[] = [];
  for (const sequence of await listSequences(store, source)) {
    const { manifest } = await readManifest(store, source, sequence, vault, trust);
    backups.push({ sequence, writtenAtMs: manifest.writtenAtMs, isProven: proven.has(backupName(manifest)) });
  }
  const decided = decideRetention(backups, rule, clock.wallMs());
  for (const { sequence } of decided.remove.toReversed()) await store.remove(manifestKey(source, sequence));
  return decided;
}
