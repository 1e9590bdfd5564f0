/**
 * A whole rehearsal, from nothing to watched: the emulator, the network, the fleet file, the stacks, an agent and a validator beside
 * each node, the watchers. `npm start`, the stories and the benches all open it here, so what is measured is what is shown.
 * Each step reports its time. Whatever fails, `close()` has been called before the error is thrown.
 */
import { join, resolve } from "node:path";
import type { Fleet } from "../../core/kernel/fleet.ts";
import { resourceNames } from "../../core/kernel/names.ts";
import type { Registry } from "../../core/kernel/ports.ts";
import { readAssembly } from "../deploy/assembly.ts";
import { assemblyFolder, deployStacks } from "../deploy/deploy-stacks.ts";
import { removeStacks } from "../deploy/remove-stacks.ts";
import { type Emulator, startEmulator } from "../emulator/start-emulator.ts";
import { serveControl } from "../network/control.ts";
import type { NetworkNode } from "../network/layout.ts";
import { type Network, startNetwork } from "../network/network.ts";
import { openProcesses, type Processes } from "../processes/open-processes.ts";
import { clearEarlierStart } from "../processes/stale-start.ts";
import { openCapacityHost } from "./capacity-host.ts";
import { controlKeys } from "./control-keys.ts";
import { startWatching, untilWatched } from "./first-watch.ts";
import { type FleetFacts, writeFleetFile } from "./fleet-file.ts";
import { makeHostKeys, writeAgentConfig } from "./host-keys.ts";
import { sayTaken } from "./ports-taken.ts";
import { openRegistry } from "./rehearsal-registry.ts";
import { type VaultFaults, vaultFaults } from "./vault-faults.ts";

export const REGIONS = ["us-east-1", "us-west-2"] as const;
export const ROLE = "primary";
/** The example's one group of units, and what its units' nodes are called. */
export const POOL = "pool";
const UNITS = { max: 4, idPrefix: "unit-", zones: ["use1-az1", "use1-az2"] } as const;
/** Beside the well-known 8545, so that a development node of the operator's own is left alone. */
const FIRST_PORT = 18_545;
/** A cold start of two functions, four probes to learn the interval from, one grant; on a busy machine several times that. */
const WATCHED_MS_MAX = 150_000;

export type Step = { readonly name: string; readonly ms: number; readonly note?: string | undefined };
export type RehearsalOptions = {
  /** The project's folder. */
  readonly root: string;
  /** Where state, logs, keys and the fleet file go: one rehearsal at a time in each. */
  readonly folder: string;
  /** Names the stacks, so that two rehearsals can share an emulator. */
  readonly fleetName: string;
  /** 4566 where nothing is said. */
  readonly emulatorPort?: number;
  /** The same ports at each start where they are free; without it the system chooses, as for a rehearsal beside another. */
  readonly fixedPorts?: boolean;
  readonly policies?: FleetFacts["policies"];
  readonly onStep: (step: Step) => void;
  /** Aborted while it opens: what was started is ended and the signal's reason thrown. */
  readonly signal?: AbortSignal;
  readonly log?: (line: string) => void;
};

export type Rehearsal = {
  readonly processes: Processes;
  readonly emulator: Emulator;
  readonly network: Network;
  readonly fleet: Fleet;
  /** Of all Regions together; reached directly, whatever is cut. */
  readonly registry: Registry;
  readonly vault: VaultFaults;
  /** Where its state is: `ha --rehearsal <folder>` speaks to it. */
  readonly folder: string;
  /** Ends everything that was started; stacks in an emulator of somebody else's are taken down. */
  close(): Promise<void>;
};

export class RehearsalRuns extends Error {
  override name = "RehearsalRuns";
}

export async function openRehearsal(options: RehearsalOptions): Promise<Rehearsal> {
  const { root, onStep } = options;
  const folder = resolve(options.folder);
  const earlier = await clearEarlierStart(folder);
  if (earlier.kind === "running") {
    throw new RehearsalRuns(
      `a rehearsal runs in ${folder} already (process ${earlier.pid}): end it with Ctrl-C in its terminal, or use it from here.`,
    );
  }
  const processes = await openProcesses({ folder });
  const closers: (() => Promise<unknown> | unknown)[] = [() => processes.close()];
  const close = async (): Promise<void> => {
    for (let closer = closers.pop(); closer !== undefined; closer = closers.pop()) await closer();
  };
  async function timed<T>(name: string, work: () => Promise<T>, note: (made: T) => string | undefined = () => undefined): Promise<T> {
    options.signal?.throwIfAborted();
    const from = performance.now();
    const made = await work();
    onStep({ name, ms: Math.round(performance.now() - from), note: note(made) });
    return made;
  }
  try {
    const { emulatorPort, fleetName } = options;
    const emulatorAt = { processes, folder: join(folder, "emulator"), root, ...(emulatorPort === undefined ? {} : { port: emulatorPort }) };
    const emulator = await timed("emulator", () => startEmulator(emulatorAt), sayEmulator);
    const { endpoint } = emulator;
    const { stack, vaultStack } = resourceNames(fleetName);
    const stacks = [vaultStack, stack].flatMap((nameIn) => REGIONS.map((region) => ({ name: nameIn(region), region })));
    if (!emulator.owned) {
      // What another start left there knows another chain; and its functions may still run, at links that must not be ours.
      await timed(
        "earlier stacks",
        () => removeStacks(endpoint, stacks),
        (removed) => removed.join(", ") || "none",
      );
      closers.push(() => removeStacks(endpoint, stacks));
    }
    const taken: number[] = [];
    const network = await timed(
      "network",
      () =>
        startNetwork({
          starter: processes,
          folder,
          regions: REGIONS,
          role: ROLE,
          awsPort: emulator.port,
          units: UNITS,
          ...(emulator.owned && options.fixedPorts === true ? { firstPort: FIRST_PORT } : {}),
          onPortTaken: (port) => taken.push(port),
        }),
      (made) => `${made.nodes.length} nodes, chain ${made.chainId}`,
    );
    for (const note of await sayTaken(taken)) onStep({ name: "ports taken", ms: 0, note });
    closers.push(() => network.stop());
    const ids = network.nodes.map(({ id }) => id);
    const keys = await timed(
      "agents' keys",
      () => makeHostKeys(folder, ids),
      () => "sealed with AES-256-GCM under Argon2id",
    );
    const capacityHost = await openCapacityHost({ fleet: fleetName, group: POOL, port: 0, capacity: network.units.capacity });
    closers.push(() => capacityHost.close());
    const fleetFile = join(folder, "fleet.yaml");
    const fleet = await writeFleetFile({
      template: join(root, "examples", "rehearsal.fleet.yaml"),
      file: fleetFile,
      schema: join(root, "schemas", "fleet.schema.json"),
      fleetName,
      genesisHash: network.genesisHash,
      genesisTime: network.genesisTime,
      actuator: capacityHost.actuator,
      hosts: network.nodes.map((node) => ({ ...node, agentKey: keyOf(node.id).publicKey, signer: node.coinbase })),
      ...(options.policies === undefined ? {} : { policies: options.policies }),
    });
    function keyOf(id: string) {
      const key = keys.find((one) => one.id === id);
      if (key === undefined) throw new Error(`no key was made for ${id}`);
      return key;
    }
    const peersOf = ({ peers }: NetworkNode) => peers.map((peer) => ({ ...peer, agentKey: keyOf(peer.id).publicKey }));
    await deployStacks({ processes, root, endpoint, regions: network.awsByRegion, fleetFile, folder: join(folder, "deploy"), onProgress: onStep });
    const vault = vaultFaults({ endpoint, fleet, stacks: readAssembly(assemblyFolder(join(folder, "deploy"))) });
    network.faults.attachVault(vault);
    const pinned = await controlKeys({ endpoint, fleet: fleetName, regions: REGIONS });
    capacityHost.pin(pinned);
    await timed(
      "agents, validators",
      () =>
        network.startHosts((host) =>
          writeAgentConfig(keyOf(host.id), { ...network, fleet: fleetName, role: ROLE, host, peers: peersOf(host), controlKeys: pinned, folder }),
        ),
      () => `${ids.length} of each`,
    );
    const registry = openRegistry({ endpoint, fleet: fleetName, regions: REGIONS, onClose: (one) => closers.push(one) });
    await timed(
      "watched",
      async () => {
        await startWatching({ endpoint, fleet });
        await untilWatched({ registry, fleet, withinMs: WATCHED_MS_MAX });
      },
      () => `from ${REGIONS.join(" and ")}`,
    );
    const control = await serveControl({ port: 0, faults: network.faults, network: network.snapshot, scratch: network.scratch });
    closers.push(() => control.close());
    processes.remember({ endpoint, fleetFile, control: control.access });
    return { processes, emulator, network, fleet, registry, vault, folder, close };
  } catch (error) {
    await close();
    throw error;
  }
}

function sayEmulator({ endpoint, owned, version, portHolder }: Emulator): string {
  if (!owned) return `the one that answers at ${endpoint} (${version}); it stays when this ends`;
  return `MiniStack ${version} at ${endpoint}${portHolder === undefined ? "" : `, since the port is held by ${portHolder}`}`;
}
