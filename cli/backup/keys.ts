/** `ha backup rotate`: the vault's keys under new locks, one for each Region that the fleet file names now; no data is written again. */
import { regionLock } from "../../adapters/vault/fleet-keyring.ts";
import { rotateKeyring } from "../../adapters/vault/keyrings.ts";
import type { Answer, Operations } from "../command.ts";
import { CommandFailed, EXIT } from "../exit-codes.ts";
import { withinVault } from "./open-vault.ts";

export async function rotateKeys(operations: Operations, newDataKey: boolean): Promise<Answer> {
  return await withinVault(operations, async ({ fleet, places, vault, home }) => {
    const at = places.find(({ region }) => region === home);
    const silent = [home, ...(fleet.vault?.replicas ?? [])].filter((region) => !places.some((place) => place.region === region));
    if (at === undefined || silent.length > 0) {
      throw new CommandFailed({
        code: EXIT.unreachable,
        sentence: `${silent.join(", ")} does not answer: a keyring without its lock could not be opened there.`,
        next: "Rotate when every Region of the vault answers; a copy's Region that is lost for good is taken out of the fleet file first.",
      });
    }
    const { clock, entropy } = operations;
    const locks = places.map(({ region, wrapper }) => ({ name: regionLock(region), by: { kind: "kms", wrapper } as const }));
    const { number, keyring } = await rotateKeyring({ store: at.store, clock, entropy }, vault, locks, newDataKey);
    const regions = places.map(({ region }) => region);
    const text = `Keyring ${number} opens the vault in ${regions.join(", ")}; new data is sealed under key ${keyring.epoch}. Older keyrings stay as long as their locks do.`;
    return { data: { schema: 1, keyring: number, epoch: keyring.epoch, regions }, text };
  });
}
