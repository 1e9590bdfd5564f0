/**
 * Proves what the run has stored, and a share of the old, by opening it: not the writer, and from the store alone. So many bytes a
 * function; the workflow comes back while something new is unproven.
 */
import { labourInPlace } from "../../../adapters/vault/labour.ts";
import { backupName } from "../../../adapters/vault/proofs.ts";
import { proveVault } from "../../../adapters/vault/prove-vault.ts";
import type { World } from "../../../core/kernel/ports.ts";
import { vaultOf } from "../agent-job.ts";
import { openKeyring } from "../keyring.ts";
import { signersOf } from "../signers.ts";
import { type BackupStep, holdForLong } from "./step.ts";

const DAY_MS = 86_400_000;
/** At 100 MiB/s and a tenth of that for S3's slowest answers, within a function's fifteen minutes. */
const BYTES_MAX = 4 * 1024 ** 3;

export type Proven = BackupStep & { readonly decision: "unproven" | "proven"; readonly reason: string };

export async function proveBackup(world: World, step: BackupStep): Promise<Proven> {
  const { startedAtMs } = await holdForLong(world, step, "proving what is stored");
  const vault = await vaultOf(world);
  const [home] = vault.places;
  if (home === undefined) throw new RangeError("a fleet's vault has a home");
  const store = vault.store(home.region);
  const { keyring } = await openKeyring(vault, [home.region]);
  const policy = world.fleet.vault?.backups;
  const { plan, backups, known, leftBytes } = await proveVault({
    store,
    keyring,
    labour: labourInPlace(keyring),
    trust: await signersOf(world),
    clock: world.clock,
    by: "control-plane",
    periodMs: (policy?.proveWithinDays ?? 30) * DAY_MS,
    everyMs: (policy?.everySeconds ?? 3_600) * 1_000,
    bytesMax: BYTES_MAX,
    sinceMs: startedAtMs,
  });
  const reason = `${plan.reason}; ${backups.length} backups proven${leftBytes > 0 ? `, ${leftBytes} bytes left` : ""}`;
  /** Another source's run may have proven this one's backup; what other sources have is their runs' to tell. */
  const own = step.result?.kind === "backup" ? [backupName(step.result)].filter((name) => known.has(name)) : [];
  return { ...step, decision: leftBytes > 0 ? "unproven" : "proven", reason, proven: own };
}
