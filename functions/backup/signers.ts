/**
 * Who may sign which backups: each node's agent its own, by the key in the fleet file; the ledger's, the control plane's key in the
 * registry. Known from outside the vault, never from it.
 */
import type { Trust } from "../../adapters/vault/manifests.ts";
import type { World } from "../../core/kernel/ports.ts";
import { LEDGER_WRITER, SIGNER_KEY } from "../../core/kernel/vault-signer.ts";

export async function signersOf({ fleet, registry }: Pick<World, "fleet" | "registry">): Promise<Trust> {
  const signer = await registry.read("vaultSigner", SIGNER_KEY);
  const keys = new Map(fleet.nodes.map(({ id, agentKey }) => [id as string, [agentKey]]));
  if (signer.kind === "found") keys.set(LEDGER_WRITER, [signer.value.publicKey]);
  return (writer) => keys.get(writer) ?? [];
}
