/** What every step of the ledger's backup works with: the vault's home, opened, and who writes what. */

import type { BackupOrder, RunGiven } from "../../../adapters/vault/backup-run.ts";
import { openOrMakeFleetKeyring } from "../../../adapters/vault/fleet-keyring.ts";
import { labourInPlace } from "../../../adapters/vault/labour.ts";
import { SourceName, Writer } from "../../../core/backup/vault/manifest.ts";
import type { Backups } from "../../../core/kernel/backup-policy.ts";
import { InputInvalid } from "../../../core/kernel/errors.ts";
import type { FleetVault, World } from "../../../core/kernel/ports.ts";
import { LEDGER_WRITER } from "../../../core/kernel/vault-signer.ts";
import { vaultOf } from "../agent-job.ts";
import { signersOf } from "../signers.ts";

/** A block with all its receipts is some MiB; a batch of hashes less. */
export const REQUEST_MS = 20_000;
export const PACE = { latencyMsMax: 2_000, concurrencyMax: 4, waitMsMin: 500, waitMsMax: 15_000 } as const;

export type LedgerWork = {
  readonly vault: FleetVault;
  readonly given: RunGiven;
  readonly order: BackupOrder;
  readonly policy: NonNullable<Backups["ledger"]>;
};

export async function ledgerWork(world: World, source: string, newestKnown: number): Promise<LedgerWork> {
  const policy = world.fleet.vault?.backups?.ledger;
  if (policy === undefined) throw new InputInvalid({ where: "the fleet file", faults: ["vault.backups.ledger is not there"] });
  const vault = await vaultOf(world);
  const [home] = vault.places;
  if (home === undefined) throw new RangeError("a fleet's vault has a home");
  const opened = await openOrMakeFleetKeyring(vault, world);
  return {
    vault,
    policy,
    given: {
      store: vault.store(home.region),
      vault: opened,
      labour: labourInPlace(opened.keyring),
      clock: world.clock,
      entropy: world.entropy,
      trust: await signersOf(world),
    },
    order: {
      source: SourceName.parse(source),
      writer: Writer.parse(LEDGER_WRITER),
      node: null,
      newestKnown,
      verified: [],
      program: "synnergy-ha control plane",
    },
  };
}
