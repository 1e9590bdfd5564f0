/**
 * Proves a store at the cost of what is new and a share of what is old: packs that were never opened, the ones whose proof is oldest,
 * and the trees of backups that were never proven. What was found is written down, pack by pack.
 */
import { ObjectCorrupt } from "../../core/backup/vault/faults.ts";
import type { Keyring } from "../../core/backup/vault/keyring.ts";
import type { Manifest } from "../../core/backup/vault/manifest.ts";
import type { IndexedPack } from "../../core/backup/vault/pack-index.ts";
import { planVerification, type VerificationPlan } from "../../core/backup/vault/proof.ts";
import type { Clock, VaultStore } from "../../core/kernel/ports.ts";
import { type Catalogue, distinctIndexes, loadCatalogue } from "./catalogue.ts";
import type { Labour } from "./labour.ts";
import { readEveryManifest, type Trust } from "./manifests.ts";
import { backupName, readProofs, writeProof } from "./proofs.ts";
import { StreamReader } from "./stream-reader.ts";
import { readTree } from "./tree-reader.ts";
import { openWholePacks } from "./verify-backup.ts";

export type ProveGiven = {
  readonly store: VaultStore;
  readonly keyring: Keyring;
  readonly labour: Labour;
  readonly trust: Trust;
  readonly clock: Clock;
  /** Who proves, for the record. */
  readonly by: string;
  readonly periodMs: number;
  readonly everyMs: number;
  readonly onPack?: (pack: IndexedPack) => void;
  /** What one call opens; the rest is left for the next, and no backup that needs it counts as proven before. */
  readonly bytesMax?: number;
  /** When the first of several calls of one run was made. */
  readonly sinceMs?: number;
};
export type Proven = {
  readonly plan: VerificationPlan;
  /** Proven now. */
  readonly backups: readonly string[];
  /** Proven now or before, by anybody. */
  readonly known: ReadonlySet<string>;
  /** What this run must still open. */
  readonly leftBytes: number;
};

/** Throws the first fault by its name; what was opened before it is not written down. */
export async function proveVault(given: ProveGiven): Promise<Proven> {
  const { store, keyring, clock, by, periodMs, everyMs, sinceMs = Number.POSITIVE_INFINITY } = given;
  const manifests: Manifest[] = [];
  for await (const { manifest } of readEveryManifest(store, keyring.vault, given.trust)) manifests.push(manifest);
  const catalogue = await loadCatalogue([store], keyring, distinctIndexes(manifests.flatMap(({ indexes }) => indexes)));
  const [disputed] = catalogue.disputed;
  if (disputed !== undefined)
    throw new ObjectCorrupt({ object: `pack ${disputed} in ${store.name}`, reason: "two indexes say different things of it" });
  const proofs = await readProofs(store);
  const named = new Set(manifests.flatMap(({ packs }) => packs.map(({ name }) => name)));
  const packs = catalogue.table.packs.filter(({ name }) => named.has(name));
  const plan = planVerification({ packs, provenAtMs: proofs.provenAtMs, nowMs: clock.wallMs(), periodMs, everyMs, sinceMs });
  const { opened, leftBytes } = withinBytes(plan, packs, given.bytesMax ?? Number.POSITIVE_INFINITY);
  await openWholePacks({ ...given, stores: [store] }, catalogue, opened);
  const proven = new Set([...proofs.provenAtMs.keys(), ...opened.map(({ name }) => name)]);
  const unproven = manifests.filter((manifest) => !proofs.backups.has(backupName(manifest)) && manifest.packs.every(({ name }) => proven.has(name)));
  await readTrees(given, catalogue, unproven);
  const backups = unproven.map(backupName);
  if (opened.length > 0 || backups.length > 0) {
    await writeProof(store, { format: 1, atMs: clock.wallMs(), by, store: store.place, packs: opened.map(({ name }) => name), backups });
  }
  return { plan, backups, known: new Set([...proofs.backups, ...backups]), leftBytes };
}

/**
 * The first of the plan, at least one, as many bytes as one call may open. Of the others only what is urgent is left for another call of
 * this run: a share that is larger than a call would otherwise be there again each time, and no run would end.
 */
function withinBytes(plan: VerificationPlan, packs: readonly IndexedPack[], bytesMax: number): { opened: IndexedPack[]; leftBytes: number } {
  const byName = new Map(packs.map((pack) => [pack.name, pack]));
  const planned = plan.packs.flatMap((name) => byName.get(name) ?? []);
  let bytes = 0;
  const beyond = planned.findIndex(({ sizeBytes }, index) => {
    bytes += sizeBytes;
    return index > 0 && bytes > bytesMax;
  });
  const end = beyond === -1 ? planned.length : beyond;
  const left = planned.slice(end, Math.max(end, plan.urgent));
  return { opened: planned.slice(0, end), leftBytes: left.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0) };
}

async function readTrees({ store, keyring }: ProveGiven, catalogue: Catalogue, manifests: readonly Manifest[]): Promise<void> {
  const reader = new StreamReader({ stores: [store], keyring, catalogue });
  for (const manifest of manifests) await readTree(reader, catalogue.table, manifest, async () => {});
}
