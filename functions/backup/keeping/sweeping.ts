/**
 * Keeps its own Region's copy in order: old backups go by the fleet file's rule, and then the space of what no backup refers to, in two
 * phases a grace apart. Each Region does this for itself, so a bad sweep stays in one.
 */
import { forgetBackups } from "../../../adapters/vault/forget-backups.ts";
import { sweepVault } from "../../../adapters/vault/sweep-vault.ts";
import { SourceName } from "../../../core/backup/vault/manifest.ts";
import type { World } from "../../../core/kernel/ports.ts";
import { sourcesOf } from "../../../core/kernel/vault-rules.ts";
import { vaultOf } from "../agent-job.ts";
import { openKeyring } from "../keyring.ts";
import { signersOf } from "../signers.ts";

const DAY_MS = 86_400_000;

export async function sweepOwnRegion(world: World): Promise<{ decision: string; reason: string }> {
  const { region, fleet, clock } = world;
  const vault = await vaultOf(world);
  const backups = fleet.vault?.backups;
  if (backups === undefined || !vault.places.some((place) => place.region === region))
    return { decision: "not-here", reason: `no copy of the vault is in ${region}` };
  const store = vault.store(region);
  const trust = await signersOf(world);
  const { keyring } = await openKeyring(vault, [region]);
  const rule = { countMin: backups.keep.count, ageMs: backups.keep.days * DAY_MS };
  let removed = 0;
  for (const source of sourcesOf(fleet)) {
    const decided = await forgetBackups({ store, vault: keyring.vault, trust, clock }, SourceName.parse(source), rule);
    removed += decided.remove.length;
  }
  const swept = await sweepVault(store, keyring.vault, trust, clock);
  world.metrics.count("SweptBytes", swept.freedBytes);
  return { decision: "swept", reason: `${removed} backups removed in ${region}; ${swept.reason}; ${swept.freedBytes} bytes freed` };
}
