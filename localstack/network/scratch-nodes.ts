/**
 * A drill's scratch node beside one of the rehearsal's: an anvil on a restored state, which then follows the network as any client
 * would, by making its blocks again. It builds nothing, nobody follows it, and it is gone when the drill ends.
 */
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { anvilProcess } from "./anvil.ts";
import { type ChainNode, chainNode, untilAnswering } from "./chain-node.ts";
import { follow } from "./follower.ts";
import type { ProcessTable } from "./process-table.ts";

export type ScratchNodes = ReturnType<typeof scratchNodes>;
type Place = { readonly id: string; readonly scratchPort: number };
type Running = { readonly node: ChainNode; readonly stop: AbortController; readonly following: Promise<void> };

export function scratchNodes(parts: {
  readonly places: readonly Place[];
  readonly processes: ProcessTable;
  readonly genesisTime: number;
  /** Somebody to follow who answers. */
  readonly source: () => ChainNode | undefined;
  readonly log: (line: Readonly<Record<string, unknown>>) => void;
}) {
  const { places, processes, genesisTime, log } = parts;
  const running = new Map<string, Running>();
  const nameOf = (id: string): string => `scratch-${id}`;

  async function boot(id: string, folder: string): Promise<void> {
    const place = places.find((one) => one.id === id);
    if (place === undefined) throw new RangeError(`the rehearsal network has no node ${id}`);
    const state = join(folder, "state.json");
    await stat(state);
    await end(id);
    const rpcPort = place.scratchPort;
    const node = chainNode({ id: nameOf(id), rpcPort, genesisTime });
    const spec = anvilProcess({ id: nameOf(id), rpcPort, genesisTime });
    await processes.start({ ...spec, args: [...spec.args, "--load-state", state] }, () => untilAnswering(node));
    const stop = new AbortController();
    const onFault = (reason: string): void => log({ kind: "scratch-node-not-following", reason });
    running.set(id, { node, stop, following: follow({ node, source: parts.source, signal: stop.signal, onFault }) });
  }

  async function end(id: string): Promise<void> {
    const one = running.get(id);
    running.delete(id);
    one?.stop.abort();
    await one?.following;
    await processes.remove(nameOf(id));
    one?.node.close();
  }

  return {
    boot,
    end,
    async close(): Promise<void> {
      for (const id of [...running.keys()]) await end(id);
    },
  };
}
