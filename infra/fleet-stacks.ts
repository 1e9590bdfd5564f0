/**
 * From a fleet to its stacks: bundles the functions once, lays out the layer once, and declares one stack per observer
 * Region. The home Region's stack comes first, since the other Regions' registry replicas are created with it. The vault has
 * stacks of its own, one a Region.
 */
import { join } from "node:path";
import { type App, Tags } from "aws-cdk-lib";
import { vaultPlaces } from "../core/kernel/vault-rules.ts";
import { buildArgon2Layer } from "../layers/argon2/build.ts";
import { bundleFunctions } from "./bundle.ts";
import type { Deployment } from "./deployment.ts";
import { functionsOf } from "./modules/functions.ts";
import { RegionStack } from "./region-stack.ts";
import { declareVaults, type VaultStack } from "./vault-stack.ts";

/** Behaviour of the CDK that is not its default for old projects' sake: one policy statement per distinct permission. */
export const FEATURES = { "@aws-cdk/aws-iam:minimizePolicies": true, "@aws-cdk/core:enablePartitionLiterals": true };

export type FleetStacks = { readonly regions: Map<string, RegionStack>; readonly vaults: Map<string, VaultStack> };

/** Declares the fleet's stacks in `app` and returns them by Region, home first. What it builds lies in the app's own folder. */
export async function declareFleet(app: App, deployment: Deployment): Promise<FleetStacks> {
  const { fleet, machine } = deployment;
  const entries = Object.fromEntries(functionsOf(fleet).map(({ module, name }) => [name, join("functions", module, `${name}.ts`)]));
  const bundle = await bundleFunctions(entries, join(app.outdir, "bundle"), fleet);
  const layerFolder = buildArgon2Layer(join(app.outdir, "layer-argon2"), machine);
  const { home, observers } = fleet.regions;
  const regions = new Map<string, RegionStack>();
  for (const region of [home, ...observers.filter((other) => other !== home)]) {
    regions.set(region, new RegionStack(app, { deployment, region, bundle, layerFolder }));
  }
  const first = regions.get(home);
  for (const [region, stack] of regions)
    if (first && region !== home) stack.addStackDependency(first, "its registry's replica is created by the home Region's stack");
  Tags.of(app).add("synnergy-ha:fleet", fleet.fleet);
  return { regions, vaults: declareVaults(app, deployment, vaultPlaces(fleet)) };
}
