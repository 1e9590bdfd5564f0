/** Where a fleet's backups live, as its file says, and what must hold there that no field says by itself. */
import type { Fleet, Vault } from "./fleet.ts";
import type { FleetFault } from "./fleet-fault.ts";
import type { FleetId, RegionName } from "./ids.ts";
import { BUCKET_NAME_CHARACTERS_MAX, vaultBucketCharacters } from "./names.ts";
import { nearest } from "./nearest-name.ts";

export type VaultPlaces = { readonly vault: Vault; readonly home: RegionName; readonly replicas: readonly RegionName[] };

/** The vault's Regions; null for a fleet without a vault. */
export function vaultPlaces({ vault, regions }: Pick<Fleet, "vault" | "regions">): VaultPlaces | null {
  return vault === undefined ? null : { vault, home: vault.home ?? regions.home, replicas: vault.replicas };
}

export function vaultFaults(fleet: Fleet): FleetFault[] {
  const places = vaultPlaces(fleet);
  if (places === null) return [];
  const { vault, home, replicas } = places;
  const { observers } = fleet.regions;
  const faults: FleetFault[] = [];
  /** What fails to replicate is told in the home's Region, so somebody must listen there. */
  if (!observers.includes(home)) faults.push({ path: ["vault", "home"], found: home, allowed: `one of the observers: ${observers.join(", ")}` });
  replicas.forEach((region, index) => {
    const path = ["vault", "replicas", index];
    if (region === home)
      faults.push({ path, found: region, allowed: "another Region than the vault's home: a copy beside the original is lost with it" });
    else if (replicas.indexOf(region) !== index) faults.push({ path, found: region, allowed: "each Region once" });
  });
  /** The lock counts from a version's first day. What is older when it is deleted has nothing but this. */
  if (vault.keepNoncurrentDays < vault.lockDays) {
    faults.push({
      path: ["vault", "keepNoncurrentDays"],
      found: String(vault.keepNoncurrentDays),
      allowed: `${vault.lockDays} or more, as many as lockDays: what is older than its lock could be gone sooner after a deletion than what is young`,
    });
  }
  return [...faults, ...nodeFaults(fleet), ...nameFaults(fleet.fleet, [home, ...replicas])];
}

/** Nodes that are named must be there, and be named once. */
function nodeFaults({ vault, nodes }: Fleet): FleetFault[] {
  const ids = nodes.map(({ id }) => id as string);
  const unknown = (path: FleetFault["path"], found: string): FleetFault[] =>
    ids.includes(found) ? [] : [{ path, found, allowed: `the id of a node${nearest(found, ids)}` }];
  const { directories = [], drill } = vault?.backups ?? {};
  return [
    ...directories.flatMap((node, index) => {
      const path = ["vault", "backups", "directories", index];
      return directories.indexOf(node) === index ? unknown(path, node) : [{ path, found: node, allowed: "each node once" }];
    }),
    ...(drill === undefined ? [] : unknown(["vault", "backups", "drill", "node"], drill.node)),
  ];
}

/** One fault, for the Region that leaves the fewest. */
function nameFaults(fleet: FleetId, regions: readonly RegionName[]): FleetFault[] {
  const longest = regions.reduce((one, other) => (other.length > one.length ? other : one));
  const over = vaultBucketCharacters(fleet, longest) - BUCKET_NAME_CHARACTERS_MAX;
  if (over <= 0) return [];
  return [
    {
      path: ["fleet"],
      found: `a name of ${fleet.length} characters and a vault in ${longest}`,
      allowed: `${fleet.length - over} characters at most: the bucket's name has the account and the Region as well, and S3 takes ${BUCKET_NAME_CHARACTERS_MAX}`,
    },
  ];
}

/** Every source that the fleet file asks for. */
export function sourcesOf({ fleet, vault }: Pick<Fleet, "fleet" | "vault">): string[] {
  const { directories = [], ledger } = vault?.backups ?? {};
  return [...directories.map((node) => `${node}.directory`), ...(ledger === undefined ? [] : [`${fleet}.ledger`])];
}
