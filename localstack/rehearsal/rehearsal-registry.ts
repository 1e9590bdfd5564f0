/** The rehearsal's registry as the CLI sees it: one table for what must be consistent, each Region's own for what may be lost. */
import { dynamoRegistry } from "../../adapters/registry-dynamo.ts";
import { everywhere } from "../../cli/registry-everywhere.ts";
import { resourceNames } from "../../core/kernel/names.ts";
import type { Registry } from "../../core/kernel/ports.ts";
import { CREDENTIALS } from "../deploy/cdk.ts";

type Place = {
  readonly endpoint: string;
  readonly fleet: string;
  /** The first is home. */
  readonly regions: readonly [string, ...string[]];
  readonly onClose: (close: () => void) => void;
};

/** The SDK wants credentials and the emulator takes any: they are put where the SDK looks. */
export function openRegistry({ endpoint, fleet, regions, onClose }: Place): Registry {
  process.env.AWS_ACCESS_KEY_ID = CREDENTIALS.accessKeyId;
  process.env.AWS_SECRET_ACCESS_KEY = CREDENTIALS.secretAccessKey;
  const { registryTable, vitalsTable } = resourceNames(fleet);
  const open = (region: string) => {
    const registry = dynamoRegistry({ fleet, registryTable, registryRegion: regions[0], vitalsTable, region, endpoint });
    onClose(() => registry.close());
    return { region, registry };
  };
  const home = open(regions[0]);
  return everywhere(home.registry, [home, ...regions.slice(1).map(open)]);
}
