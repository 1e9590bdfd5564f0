/** A fleet's vault in memory: a store and a lock in each Region, of which any may be silent, and access that says what it was asked for. */
import { memoryVault } from "../../adapters/vault-memory.ts";
import { VaultUnavailable } from "../../core/kernel/errors.ts";
import { RegionName } from "../../core/kernel/ids.ts";
import type { AccessScope, Clock, FleetVault, VaultStore } from "../../core/kernel/ports.ts";
import { VaultAccess } from "../../core/kernel/vault-job.ts";
import { tableWrapper } from "./table-wrapper.ts";

export const ACCESS_MS = 3_600_000;

export type MemoryFleetVault = FleetVault & {
  /** Regions that answer nothing. */
  readonly silent: Set<string>;
  readonly scopes: AccessScope[];
  /** The store itself, whoever is silent. */
  within(region: string): VaultStore;
  /** What S3 would have done by now: every object of the home is in this Region too. */
  replicate(region: string): Promise<void>;
};

export function memoryFleetVault(regions: readonly string[], clock: Pick<Clock, "wallMs">): MemoryFleetVault {
  const silent = new Set<string>();
  const scopes: AccessScope[] = [];
  const stores = new Map(regions.map((region) => [region, memoryVault(clock, `s3://vault-${region}`)]));
  const wrappers = new Map(regions.map((region) => [region, tableWrapper()]));
  const places = regions.map((region) => ({ region: RegionName.parse(region), bucket: `vault-${region}`, keyId: `key-${region}`, endpoint: null }));
  const inRegion = <T>(found: ReadonlyMap<string, T>, region: string): T => {
    const one = found.get(region);
    if (one === undefined) throw new RangeError(`no vault in ${region}`);
    return one;
  };
  const signer = tableWrapper();
  const within = (region: string): VaultStore => inRegion(stores, region);
  return {
    places,
    silent,
    scopes,
    within,
    store: (region) => silenced(within(region), () => silent.has(region)),
    wrapper: (region) => inRegion(wrappers, region),
    signerWrapper: () => signer,
    async access(scope) {
      scopes.push(scope);
      return VaultAccess.parse({
        credentials: { accessKeyId: `access-${scopes.length}`, secretAccessKey: "secret", sessionToken: null },
        expiresAtMs: clock.wallMs() + ACCESS_MS,
        places: places.filter(({ region }) => scope.regions.includes(region)),
      });
    },
    async replicate(region) {
      const [home = ""] = regions;
      for (const { key, sizeBytes } of await within(home).list("", { limit: 1_000 })) {
        const got = await within(home).get(key, { bytesMax: sizeBytes });
        if (got.kind === "found") await within(region).put(key, got.bytes);
      }
    },
  };
}

function silenced(store: VaultStore, isSilent: () => boolean): VaultStore {
  const unless =
    <A extends unknown[], T>(action: string, work: (...asked: A) => Promise<T>) =>
    async (...asked: A): Promise<T> => {
      if (isSilent()) throw new VaultUnavailable({ vault: store.name, action, cause: "no answer" });
      return await work(...asked);
    };
  return {
    name: store.name,
    place: store.place,
    put: unless("put", store.put),
    get: unless("get", store.get),
    list: unless("list", store.list),
    remove: unless("remove", store.remove),
    extendLock: unless("extend the lock of", store.extendLock),
  };
}
