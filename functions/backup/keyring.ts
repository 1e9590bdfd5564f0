/** The fleet's keyring, opened by the Regions that are named, in their order. */
import { openFleetKeyring } from "../../adapters/vault/fleet-keyring.ts";
import type { OpenVault } from "../../adapters/vault/keyrings.ts";
import type { FleetVault } from "../../core/kernel/ports.ts";

export async function openKeyring(vault: FleetVault, regions: readonly string[]): Promise<OpenVault> {
  return await openFleetKeyring(regions.map((region) => ({ region, store: vault.store(region), wrapper: vault.wrapper(region) })));
}
