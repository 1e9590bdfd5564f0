/**
 * The keyring of a fleet's vault, opened by whichever Region answers, and made once with a lock for each Region, so that any of them
 * alone opens it. Every Region keeps its copy of the keyring object, as of every other.
 */
import { ObjectMissing } from "../../core/backup/vault/faults.ts";
import { InputInvalid, VaultUnavailable } from "../../core/kernel/errors.ts";
import type { Clock, Entropy, FleetVault, KeyWrapper, VaultStore } from "../../core/kernel/ports.ts";
import { makeVault, type OpenVault, openVault } from "./keyrings.ts";

export const regionLock = (region: string): string => `kms ${region}`;
export type KeyringPlace = { readonly region: string; readonly store: VaultStore; readonly wrapper: KeyWrapper };

/** The first that opens. Throws the first Region's fault where none does; `ObjectMissing` only where every Region says so. */
export async function openFleetKeyring(places: readonly KeyringPlace[]): Promise<OpenVault> {
  const faults: unknown[] = [];
  for (const { region, store, wrapper } of places) {
    try {
      return await openVault(store, { kind: "kms", wrapper }, regionLock(region));
    } catch (fault) {
      faults.push(fault);
    }
  }
  const telling =
    faults.find((fault) => !(fault instanceof ObjectMissing)) ?? faults[0] ?? new RangeError("no Region was given to open a keyring in");
  if (telling instanceof Error && telling.name in KNOWN) throw telling;
  throw new VaultUnavailable({ vault: places.map(({ region }) => region).join(", "), action: "open its keyring", cause: telling });
}

/** Faults that have a name of their own go on as they are; what KMS says does not. */
const KNOWN: Readonly<Record<string, true>> = {
  ObjectMissing: true,
  KeyUnknown: true,
  ObjectCorrupt: true,
  FormatUnknown: true,
  VaultUnavailable: true,
};

/** As above, and where no Region has a keyring yet, a new vault in the first. */
export async function openOrMakeFleetKeyring(
  vault: Pick<FleetVault, "places" | "store" | "wrapper">,
  given: { readonly clock: Pick<Clock, "wallMs">; readonly entropy: Entropy },
): Promise<OpenVault> {
  const places = vault.places.map(({ region }) => ({ region, store: vault.store(region), wrapper: vault.wrapper(region) }));
  const [home] = places;
  if (home === undefined) throw new InputInvalid({ where: "the fleet file", faults: ["it has no vault"] });
  try {
    return await openFleetKeyring(places);
  } catch (fault) {
    if (!(fault instanceof ObjectMissing)) throw fault;
  }
  const locks = places.map(({ region, wrapper }) => ({ name: regionLock(region), by: { kind: "kms", wrapper } as const }));
  return await makeVault({ ...given, store: home.store }, locks).catch(async (error: unknown) => {
    // Somebody else made it meanwhile: theirs is the one.
    if (error instanceof InputInvalid) return await openFleetKeyring(places);
    throw error;
  });
}
