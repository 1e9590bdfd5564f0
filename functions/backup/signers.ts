/** Who may sign which backups: each node's agent its own, by the key in the fleet file. Known from outside the vault, never from it. */
import type { Trust } from "../../adapters/vault/manifests.ts";
import type { World } from "../../core/kernel/ports.ts";

export async function signersOf({ fleet }: Pick<World, "fleet">): Promise<Trust> {
  const keys = new Map(fleet.nodes.map(({ id, agentKey }) => [id as string, [agentKey]]));
  return (writer) => keys.get(writer) ?? [];
}
