/** Who may have signed which backups, as the fleet file and the registry say. */
import type { Trust } from "../../adapters/vault/manifests.ts";
import type { World } from "../../core/kernel/ports.ts";
import { SIGNER_KEY, signersOfWriters } from "../../core/kernel/vault-signer.ts";

export async function signersOf({ fleet, registry }: Pick<World, "fleet" | "registry">): Promise<Trust> {
  const found = await registry.read("vaultSigner", SIGNER_KEY);
  const ledger = found.kind === "found" ? found.value : null;
  return signersOfWriters({ nodes: fleet.nodes, formerSigners: fleet.vault?.backups?.formerSigners ?? [], ledger });
}
