/**
 * The rehearsal's capacity: units that are real anvil processes, started empty, which take the network's chain over from its genesis and
 * then follow it. They build nothing and nobody follows them. Which units there are, and which of them serve, is kept in memory; a unit
 * whose process died is replaced when the group is looked at next, as an Auto Scaling group replaces an instance that is not well.
 */
import { memoryCapacity } from "../../adapters/capacity-memory.ts";
import { systemClock } from "../../adapters/clock-system.ts";
import type { CapacityLook } from "../../core/kernel/capacity.ts";
import { anvilProcess } from "./anvil.ts";
import { type ChainNode, chainNode, untilAnswering } from "./chain-node.ts";
import { follow } from "./follower.ts";
import { LOOPBACK } from "./free-port.ts";
import type { ProcessSpec } from "./process-starter.ts";
import type { ProcessTable } from "./process-table.ts";

/** An anvil takes 25 MB; a laptop is to bear all of it beside the four that are always there. */
const UNITS_MAX = 8;

export type UnitAddress = { readonly id: string; readonly rpcPort: number; readonly rpcUrl: string };
export type UnitsOptions = {
  readonly min?: number;
  readonly max?: number;
  /** The group's `joins.idPrefix`, so that a unit's id can be its node's. */
  readonly idPrefix?: string;
  readonly zones?: readonly string[];
  /** What stands beside a unit's node, an agent say: started when the node answers, ended before it. */
  readonly beside?: (unit: UnitAddress) => Promise<readonly ProcessSpec[]>;
};

type Running = {
  readonly address: UnitAddress;
  readonly node: ChainNode;
  readonly stop: AbortController;
  following: Promise<void>;
  beside: string[];
};

export function unitNodes(
  options: UnitsOptions & {
    readonly processes: ProcessTable;
    readonly genesisTime: number;
    readonly ports: () => Promise<number>;
    readonly source: () => ChainNode | undefined;
    readonly log: (line: Readonly<Record<string, unknown>>) => void;
  },
) {
  const { processes, genesisTime, log, min = 0, max = UNITS_MAX, idPrefix = "unit-", zones = [] } = options;
  const running = new Map<string, Running>();
  /** A unit may be ended while it is being started. */
  const starting = new Map<string, Promise<void>>();

  async function bringUp(id: string): Promise<void> {
    const rpcPort = await options.ports();
    const node = chainNode({ id, rpcPort, genesisTime });
    const stop = new AbortController();
    const address = { id, rpcPort, rpcUrl: `http://${LOOPBACK}:${rpcPort}` };
    const unit: Running = { address, node, stop, following: Promise.resolve(), beside: [] };
    running.set(id, unit);
    await processes.start(anvilProcess({ id, rpcPort, genesisTime }), () => untilAnswering(node));
    const onFault = (reason: string): void => log({ kind: "unit-not-following", unit: id, reason });
    unit.following = follow({ node, source: options.source, signal: stop.signal, onFault });
    for (const spec of (await options.beside?.(address)) ?? []) {
      await processes.start(spec);
      unit.beside.push(spec.name);
    }
  }

  async function end(id: string): Promise<void> {
    await starting.get(id)?.catch(() => undefined);
    const unit = running.get(id);
    running.delete(id);
    unit?.stop.abort();
    for (const name of unit?.beside ?? []) await processes.remove(name);
    await processes.remove(id);
    await unit?.following;
    unit?.node.close();
  }

  const capacity = memoryCapacity({
    name: "the rehearsal's units",
    min,
    max,
    idPrefix,
    zones,
    clock: systemClock(),
    async start(id) {
      const started = bringUp(id).finally(() => starting.delete(id));
      starting.set(id, started);
      await started;
    },
    end,
    lives: (id) => starting.has(id) || processes.states().find(({ name }) => name === id)?.state !== "dead",
    onFault: (unit, reason) => log({ kind: "unit-failed", unit, reason }),
  });
  /** Where each node answers is for the control plane to know: it asks there whether a unit has caught up. */
  async function look(): Promise<CapacityLook> {
    const seen = await capacity.look();
    if (seen.kind !== "seen") return seen;
    const rpcOf = (id: string) => running.get(id)?.address.rpcUrl;
    return { ...seen, units: seen.units.map((unit) => ({ ...unit, ...(rpcOf(unit.id) === undefined ? {} : { rpc: rpcOf(unit.id) }) })) };
  }
  return {
    capacity: { ...capacity, look },
    addresses: (): readonly UnitAddress[] => [...running.values()].map(({ address }) => address),
    close: capacity.close,
  };
}
