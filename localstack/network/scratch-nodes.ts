/**
 * A drill's scratch node beside one of the rehearsal's: an anvil on a restored state, which then follows the network as any client
 * would, by making its blocks again. It builds nothing, nobody follows it, and it is gone when the drill ends.
 */
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { systemClock } from "../../adapters/clock-system.ts";
import { anvilProcess } from "./anvil.ts";
import { type ChainNode, chainNode, untilAnswering } from "./chain-node.ts";
import { NodeUnreachable } from "./json-rpc.ts";
import type { ProcessTable } from "./process-table.ts";
import { adoptBranch } from "./replay.ts";

const FOLLOW_MS = 300;
/** A client that has just started looks for its peers. */
const PEERLESS_MS = 2_000;
/** How far below its head a restored node looks for where the network's branch leaves it; a re-org deeper than that is a drill's failure. */
const RECENT = 32;
/** Blocks taken over in one turn. */
const BLOCKS_AT_ONCE = 200;

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
  const clock = systemClock();
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
    running.set(id, { node, stop, following: follow(node, stop.signal) });
  }

  async function end(id: string): Promise<void> {
    const one = running.get(id);
    running.delete(id);
    one?.stop.abort();
    await one?.following;
    await processes.remove(nameOf(id));
    one?.node.close();
  }

  async function follow(node: ChainNode, signal: AbortSignal): Promise<void> {
    await clock.sleep(PEERLESS_MS, signal);
    while (!signal.aborted) {
      const more = await step(node).catch((error: unknown) => {
        if (!(error instanceof NodeUnreachable))
          log({ kind: "scratch-node-not-following", reason: error instanceof Error ? error.message : String(error) });
        return false;
      });
      if (!more) await clock.sleep(FOLLOW_MS, signal);
    }
  }

  /** One stretch nearer to the source's head; true where there is more. */
  async function step(node: ChainNode): Promise<boolean> {
    const source = parts.source();
    if (source === undefined) return false;
    const [own, theirs] = await Promise.all([node.state(), source.state()]);
    if (own.head === theirs.head || theirs.height <= own.height) return false;
    const known = await recentHashes(node, own.height);
    const branch = await source.branch({ hash: theirs.head, height: theirs.height }, (hash) => known.has(hash));
    const [first] = branch;
    const common = first === undefined ? undefined : known.get(first.parentHash);
    if (common === undefined) throw new Error(`${source.id}'s branch has nothing in common with the last ${RECENT} blocks that were restored`);
    const forward = branch.slice(0, BLOCKS_AT_ONCE);
    await node.exclusively(() => adoptBranch(node, { abandoned: [], back: own.height - common, forward }, false));
    return forward.length < branch.length;
  }

  return {
    boot,
    end,
    async close(): Promise<void> {
      for (const id of [...running.keys()]) await end(id);
    },
  };
}

async function recentHashes(node: ChainNode, height: number): Promise<Map<string, number>> {
  const heights = Array.from({ length: Math.min(RECENT, height + 1) }, (_, index) => height - index);
  const blocks = await Promise.all(heights.map((at) => node.block(`0x${at.toString(16)}`)));
  return new Map(blocks.map(({ hash }, index) => [hash, heights[index] ?? 0]));
}
