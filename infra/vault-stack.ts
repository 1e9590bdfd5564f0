/**
 * A vault in one Region, in a stack of its own: the copies must be there before their home, while a Region's control plane
 * comes after the home's. It holds no function and knows of no other stack but by names, so a Region may keep a copy without
 * watching, and backups outlive a control plane that is taken down.
 */
import { CfnOutput, Stack } from "aws-cdk-lib";
import type { Construct } from "constructs";
import { resourceNames } from "../core/kernel/names.ts";
import type { VaultPlaces } from "../core/kernel/vault-rules.ts";
import { declareVaultAlarms } from "./constructs/vault-alarms.ts";
import { declareVaultBucket, vaultBucketArn } from "./constructs/vault-bucket.ts";
import { declareVaultKey } from "./constructs/vault-key.ts";
import { replicateVault } from "./constructs/vault-replication.ts";
import type { Deployment } from "./deployment.ts";

export type VaultStackProps = { readonly deployment: Deployment; readonly places: VaultPlaces; readonly region: string };

export class VaultStack extends Stack {
  constructor(scope: Construct, { deployment, places, region }: VaultStackProps) {
    const { fleet, rehearsal } = deployment;
    super(scope, resourceNames(fleet.fleet).vaultStack(region), {
      env: { region },
      description: `Synnergy HA: the backups of fleet ${fleet.fleet} in ${region}`,
      terminationProtection: !rehearsal,
    });
    const key = declareVaultKey(this, deployment, vaultBucketArn(this, fleet.fleet, region));
    const bucket = declareVaultBucket(this, deployment, places.vault, key);
    if (region === places.home) replicateVault(this, deployment, { bucket, key, replicas: places.replicas });
    declareVaultAlarms(this, fleet);
    new CfnOutput(this, "VaultBucket", { value: bucket.bucketName, description: "Backups are here" });
    new CfnOutput(this, "VaultKeyArn", { value: key.keyArn, description: "This Region's lock on the vault's keyring" });
  }
}

/** The copies first: S3 takes no replication to a bucket that is not there. By Region, the home last. */
export function declareVaults(scope: Construct, deployment: Deployment, places: VaultPlaces | null): Map<string, VaultStack> {
  const stacks = new Map<string, VaultStack>();
  if (places === null) return stacks;
  for (const region of places.replicas) stacks.set(region, new VaultStack(scope, { deployment, places, region }));
  const home = new VaultStack(scope, { deployment, places, region: places.home });
  for (const copy of stacks.values()) home.addStackDependency(copy, "a bucket is copied to buckets that are there");
  return stacks.set(places.home, home);
}
