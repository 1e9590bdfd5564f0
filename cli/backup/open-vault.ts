/**
 * The fleet's vault as a person reaches it, with the credentials of their own terminal: every Region's bucket, the nearest first. A Region
 * that does not answer is passed over and named; the keyring is opened by the first that can.
 */
import { GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts";
import { nearestFirst, type OpenPlace, openPlace, placesOf } from "../../adapters/fleet-vault.ts";
import { openFleetKeyring } from "../../adapters/vault/fleet-keyring.ts";
import type { OpenVault } from "../../adapters/vault/keyrings.ts";
import type { Labour } from "../../adapters/vault/labour.ts";
import { labourOnThreads } from "../../adapters/vault/labour-threads.ts";
import type { Trust } from "../../adapters/vault/manifests.ts";
import { AuthorityUnavailable, VaultUnavailable } from "../../core/kernel/errors.ts";
import type { Fleet } from "../../core/kernel/fleet.ts";
import type { KeyWrapper, VaultStore } from "../../core/kernel/ports.ts";
import { vaultPlaces } from "../../core/kernel/vault-rules.ts";
import { SIGNER_KEY, signersOfWriters } from "../../core/kernel/vault-signer.ts";
import type { Operations } from "../command.ts";
import { CommandFailed, EXIT } from "../exit-codes.ts";

const STS_MS = 5_000;

export type FleetVaultAtHand = {
  readonly fleet: Fleet;
  /** Those that answer, the nearest first. */
  readonly places: readonly { readonly region: string; readonly store: VaultStore; readonly wrapper: KeyWrapper }[];
  /** Where backups are written, whether it answers or not. */
  readonly home: string;
  readonly vault: OpenVault;
  readonly trust: Trust;
  readonly labour: Labour;
};

/** Opens the vault for one action. */
export async function withinVault<T>(operations: Operations, work: (opened: FleetVaultAtHand) => Promise<T>): Promise<T> {
  const fleet = requireFleet(operations);
  const endpoint = operations.rehearsal?.endpoint;
  const account = await accountOf(operations.region, endpoint);
  const opened = nearestFirst(placesOf(fleet, { account, endpoint }), operations.region).map((place) => openPlace(place, fleet.fleet));
  try {
    const answering = await those(opened, operations);
    const vault = await openFleetKeyring(answering.map(({ place, store, wrapper }) => ({ region: place.region, store, wrapper })));
    const signer = await operations.registry.read("vaultSigner", SIGNER_KEY);
    const ledger = signer.kind === "found" ? signer.value : null;
    const trust = signersOfWriters({ nodes: fleet.nodes, formerSigners: fleet.vault?.backups?.formerSigners ?? [], ledger });
    const labour = labourOnThreads(vault.keyring);
    try {
      return await work({
        fleet,
        places: answering.map(({ place, store, wrapper }) => ({ region: place.region, store, wrapper })),
        home: vaultPlaces(fleet)?.home ?? operations.region,
        vault,
        trust,
        labour,
      });
    } finally {
      await labour.close();
    }
  } finally {
    for (const place of opened) place.close();
  }
}

export function requireFleet({ fleet, fleetName }: Pick<Operations, "fleet" | "fleetName">): Fleet {
  if (fleet === null) {
    throw new CommandFailed({
      code: EXIT.usage,
      sentence: `backups need fleet ${fleetName}'s file: it says where they are and who may have signed them.`,
      next: "Name it with --file <fleet.yaml>.",
    });
  }
  if (fleet.vault === undefined) {
    throw new CommandFailed({
      code: EXIT.notFound,
      sentence: `fleet ${fleet.fleet} has no vault: its file says nothing of one.`,
      next: "docs/backup.md says what to add; then deploy.",
    });
  }
  return fleet;
}

async function those(places: readonly OpenPlace[], { missingRegions }: Operations): Promise<OpenPlace[]> {
  const missing = missingRegions as Map<string, string>;
  const answers = await Promise.all(
    places.map(({ store }) =>
      store.list("keyring/", { limit: 1 }).then(
        () => null,
        (error: unknown) => error,
      ),
    ),
  );
  for (const [index, error] of answers.entries()) {
    if (error === null) continue;
    if (!(error instanceof VaultUnavailable)) throw error;
    missing.set(`the vault in ${places[index]?.place.region}`, error.message);
  }
  const answering = places.filter((_, index) => answers[index] === null);
  if (answering.length > 0) return answering;
  throw answers[0];
}

async function accountOf(region: string, endpoint: string | undefined): Promise<string> {
  const client = new STSClient({ region, maxAttempts: 3, ...(endpoint === undefined ? {} : { endpoint }) });
  try {
    const { Account } = await client.send(new GetCallerIdentityCommand({}), { abortSignal: AbortSignal.timeout(STS_MS) });
    if (Account === undefined) throw new Error("STS named no account");
    return Account;
  } catch (cause) {
    throw new AuthorityUnavailable({ action: "say which account this is", cause });
  } finally {
    client.destroy();
  }
}
