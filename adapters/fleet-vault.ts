/**
 * A fleet's vault on AWS, or on an emulator: which bucket and which key it has in each Region, opened by name. The CLI, the functions
 * and the agents all open it here; they differ in whose credentials they have.
 */
import type { Fleet } from "../core/kernel/fleet.ts";
import { resourceNames, vaultKeyContext } from "../core/kernel/names.ts";
import type { KeyWrapper, VaultStore } from "../core/kernel/ports.ts";
import type { VaultPlace } from "../core/kernel/vault-job.ts";
import { vaultPlaces } from "../core/kernel/vault-rules.ts";
import { kmsKeyWrapper } from "./key-wrapper-kms.ts";
import { s3Vault } from "./vault-s3.ts";
import type { CurrentCredentials } from "./vault-s3-calls.ts";

export type Where = { readonly account: string; readonly endpoint?: string | undefined };

/** AWS's China and GovCloud Regions are partitions of their own. */
const partitionOf = (region: string): string => (region.startsWith("cn-") ? "aws-cn" : region.startsWith("us-gov-") ? "aws-us-gov" : "aws");

/** The home first; empty for a fleet without a vault. The key by its alias's ARN, which says the Region and outlives a new key. */
export function placesOf(fleet: Fleet, { account, endpoint }: Where): VaultPlace[] {
  const places = vaultPlaces(fleet);
  if (places === null) return [];
  const { vaultBucket, vaultAlias } = resourceNames(fleet.fleet);
  return [places.home, ...places.replicas].map((region) => ({
    region,
    bucket: vaultBucket(account, region),
    keyId: `arn:${partitionOf(region)}:kms:${region}:${account}:${vaultAlias}`,
    endpoint: endpoint ?? null,
  }));
}

export type OpenPlace = { readonly place: VaultPlace; readonly store: VaultStore; readonly wrapper: KeyWrapper; close(): void };

/** Meets the bucket and the key at the first call. */
export function openPlace(place: VaultPlace, fleet: string, credentials?: CurrentCredentials): OpenPlace {
  const { region, bucket, keyId } = place;
  const common = { region, ...(place.endpoint === null ? {} : { endpoint: place.endpoint }), ...(credentials === undefined ? {} : { credentials }) };
  const store = s3Vault({ bucket, ...common });
  return { place, store, wrapper: kmsKeyWrapper({ keyId, context: vaultKeyContext(fleet), ...common }), close: () => store.close() };
}

/** `near` first where it is one of them; the others in their own order. */
export function nearestFirst<P extends { readonly region: string }>(places: readonly P[], near: string | undefined): P[] {
  return places.toSorted((left, right) => Number(right.region === near) - Number(left.region === near));
}
