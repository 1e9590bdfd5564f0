/** The port `FleetVault` for functions: each Region's store and lock opened once a process, and access for agents from STS. */
import type { Fleet } from "../core/kernel/fleet.ts";
import { vaultSignerContext } from "../core/kernel/names.ts";
import type { FleetVault } from "../core/kernel/ports.ts";
import { type OpenPlace, openPlace, placesOf } from "./fleet-vault.ts";
import { kmsKeyWrapper } from "./key-wrapper-kms.ts";
import { assumeForJob } from "./vault-access-sts.ts";

export type AwsFleetVault = {
  readonly fleet: Fleet;
  readonly region: string;
  readonly account: string;
  /** The role that agents' credentials are narrowed from; only functions that give access are told. */
  readonly agentRole?: string | undefined;
  readonly endpoint?: string | undefined;
};

export function awsFleetVault({ fleet, region, account, agentRole, endpoint }: AwsFleetVault): FleetVault {
  const places = placesOf(fleet, { account, endpoint });
  const opened = new Map<string, OpenPlace>();
  const openIn = (wanted: string): OpenPlace => {
    const place = places.find((one) => one.region === wanted);
    if (place === undefined)
      throw new RangeError(`fleet ${fleet.fleet} has no vault in ${wanted}; it has ${places.map((one) => one.region).join(", ")}`);
    const known = opened.get(wanted) ?? openPlace(place, fleet.fleet);
    opened.set(wanted, known);
    return known;
  };
  return {
    places,
    store: (wanted) => openIn(wanted).store,
    wrapper: (wanted) => openIn(wanted).wrapper,
    signerWrapper: () => {
      const [home] = places;
      if (home === undefined) throw new RangeError(`fleet ${fleet.fleet} has no vault`);
      const { keyId, region: own } = home;
      return kmsKeyWrapper({ keyId, context: vaultSignerContext(fleet.fleet), region: own, endpoint });
    },
    access: async (scope) => {
      if (agentRole === undefined) throw new RangeError("this function was not told which role gives access to the vault");
      return await assumeForJob({ fleet: fleet.fleet, region, roleArn: agentRole, places, endpoint }, scope);
    },
  };
}
