/**
 * Keeps its own Region's copy in order: it is proven from its own bytes, old backups go by the fleet file's rule, what is still needed has
 * its lock extended, and then the space of what no backup refers to is given back, in two phases a grace apart. Each Region does this for
 * itself, so a bad sweep stays in one.
 */
import { forgetBackups } from "../../../adapters/vault/forget-backups.ts";
import { inLanes } from "../../../adapters/vault/in-lanes.ts";
import { labourInPlace } from "../../../adapters/vault/labour.ts";
import { listAll } from "../../../adapters/vault/listing.ts";
import { readEveryManifest, type Trust } from "../../../adapters/vault/manifests.ts";
import { readProofs } from "../../../adapters/vault/proofs.ts";
import { proveVault } from "../../../adapters/vault/prove-vault.ts";
import { sweepVault } from "../../../adapters/vault/sweep-vault.ts";
import type { Keyring } from "../../../core/backup/vault/keyring.ts";
import { locksDue } from "../../../core/backup/vault/locks.ts";
import { INDEXES_PREFIX, keysNamedBy, MANIFESTS_PREFIX, PACKS_PREFIX, SourceName } from "../../../core/backup/vault/manifest.ts";
import type { VaultObject, VaultStore, World } from "../../../core/kernel/ports.ts";
import { sourcesOf, vaultPlaces } from "../../../core/kernel/vault-rules.ts";
import { vaultOf } from "../agent-job.ts";
import { openKeyring } from "../keyring.ts";
import { signersOf } from "../signers.ts";

const DAY_MS = 86_400_000;
/** As the rule that starts it does. */
const SWEEP_EVERY_MS = DAY_MS / 2;
const LOCKS_AT_ONCE = 16;
/** As much as a function opens at leisure; what is left is the next run's. */
const PROVEN_BYTES_MAX = 4 * 1024 ** 3;

export async function sweepOwnRegion(world: World): Promise<{ decision: string; reason: string }> {
  const { region, fleet, clock } = world;
  const vault = await vaultOf(world);
  const backups = fleet.vault?.backups;
  if (backups === undefined || !vault.places.some((place) => place.region === region))
    return { decision: "not-here", reason: `no copy of the vault is in ${region}` };
  const store = vault.store(region);
  const trust = await signersOf(world);
  const { keyring } = await openKeyring(vault, [region]);
  const opened = await proveOwnCopy(world, store, keyring, trust);
  const { backups: proven } = await readProofs(store);
  const rule = { countMin: backups.keep.count, ageMs: backups.keep.days * DAY_MS };
  let removed = 0;
  for (const source of sourcesOf(fleet)) {
    const decided = await forgetBackups({ store, vault: keyring.vault, trust, clock, proven }, SourceName.parse(source), rule);
    removed += decided.remove.length;
  }
  const extended = await extendLocks(world, store, keyring.vault, trust);
  const swept = await sweepVault(store, keyring.vault, trust, clock);
  world.metrics.count("SweptBytes", swept.freedBytes);
  return {
    decision: "swept",
    reason: `${removed} backups removed in ${region}; ${swept.reason}; ${swept.freedBytes} bytes freed; ${extended} locks extended; ${opened}`,
  };
}

/**
 * Each copy is proven by itself, from its own bytes and in its own Region: what another has proven says nothing of what lies here, and a
 * copy that nobody has opened forgets nothing. The home's is proven by each backup's run.
 */
async function proveOwnCopy({ fleet, region, clock }: World, store: VaultStore, keyring: Keyring, trust: Trust): Promise<string> {
  if (vaultPlaces(fleet)?.home === region) return "the home is proven by its backups' runs";
  const periodMs = (fleet.vault?.backups?.proveWithinDays ?? 30) * DAY_MS;
  const given = { store, keyring, labour: labourInPlace(keyring), trust, clock, by: "control-plane", periodMs, everyMs: SWEEP_EVERY_MS };
  const { plan, leftBytes } = await proveVault({ ...given, bytesMax: PROVEN_BYTES_MAX, sinceMs: clock.wallMs() });
  return `${plan.reason}${leftBytes > 0 ? `, ${leftBytes} bytes are left for the next run` : ""}`;
}

/** Of everything that a backup here still needs: the bucket's own lock counts from when an object was stored. */
async function extendLocks({ fleet, clock }: World, store: VaultStore, vault: Uint8Array, trust: Trust): Promise<number> {
  const lockMs = (fleet.vault?.lockDays ?? 0) * DAY_MS;
  const needed = new Set<string>();
  for await (const { manifest, key } of readEveryManifest(store, vault, trust)) {
    for (const each of [key, ...keysNamedBy(manifest)]) needed.add(each);
  }
  const objects: VaultObject[] = [];
  for (const prefix of [PACKS_PREFIX, INDEXES_PREFIX, MANIFESTS_PREFIX])
    for await (const object of listAll(store, prefix)) if (needed.has(object.key)) objects.push(object);
  const nowMs = clock.wallMs();
  const due = locksDue(objects, { nowMs, everyMs: SWEEP_EVERY_MS, lockMs });
  await inLanes(due, LOCKS_AT_ONCE, async (key) => await store.extendLock(key, nowMs + lockMs));
  return due.length;
}
