/** The functions' world for prediction, in memory: vitals that are written as a watcher writes them, a store of history, and metrics by a script. */
import { memoryVault } from "../../adapters/vault-memory.ts";
import type { Fleet } from "../../core/kernel/fleet.ts";
import { RegionName } from "../../core/kernel/ids.ts";
import type { World } from "../../core/kernel/ports.ts";
import { pad, type Vitals } from "../../core/kernel/records.ts";
import type { NamedMetrics } from "../../core/kernel/service-ports.ts";
import { backupWorld, HOME, must } from "./backup-world.ts";

export const OBSERVER = RegionName.parse(HOME);

type Options = { readonly vitalsSeconds?: number; readonly metrics?: readonly Record<string, unknown>[]; readonly source?: NamedMetrics };

export function predictionWorld({ vitalsSeconds = 60, metrics = [], source }: Options = {}) {
  const of = backupWorld();
  const { policies } = of.fleet;
  const fleet: Fleet = {
    ...of.fleet,
    policies: {
      ...policies,
      watch: { ...policies.watch, vitalsSeconds },
      prediction: { ...policies.prediction, metrics: metrics as unknown as Fleet["policies"]["prediction"]["metrics"] },
    },
  };
  const store = memoryVault(of.clock, "history");
  const warnings: Record<string, unknown>[] = [];
  const world: World = {
    ...of.world,
    fleet,
    history: async () => store,
    models: async () => store,
    namedMetrics: source === undefined ? null : async () => source,
    log: { decision: () => undefined, warn: (message, facts = {}) => void warnings.push({ message, ...facts }) },
  };
  const write = async (vitals: Vitals): Promise<void> => {
    await of.registry.write("vitals", `${vitals.node}/${vitals.observer}/${pad(vitals.atMs)}`, vitals, "any");
  };
  return { ...of, world, fleet, store, warnings, write };
}

/** What a watcher says of a node at a moment; the numbers go by the moment alone. */
export function vitalsAt(fleet: Pick<Fleet, "nodes">, node: string, atMs: number): Vitals {
  const minute = Math.floor(atMs / 60_000);
  const isSilent = minute % 11 === 0;
  return {
    node: must(fleet.nodes.find(({ id }) => id === node)).id,
    observer: OBSERVER,
    atMs,
    probes: 60,
    answered: isSilent ? 0 : 60 - (minute % 2),
    latencyMsMedian: isSilent ? null : 3 + Math.sin(minute),
    latencyMsMax: null,
    head: minute,
    lagBlocksMax: isSilent ? null : minute % 3,
    peers: isSilent ? null : 25,
    blockIntervalMs: 1_000,
    host: null,
  };
}
