/**
 * A node that follows the network as any client would, by making its blocks again, and that nobody follows: a drill's scratch node, or a
 * unit of capacity that was just started.
 */
import { systemClock } from "../../adapters/clock-system.ts";
import type { ChainNode } from "./chain-node.ts";
import { NodeUnreachable } from "./json-rpc.ts";
import { adoptBranch } from "./replay.ts";

const FOLLOW_MS = 300;
/** A client that has just started looks for its peers. */
const PEERLESS_MS = 2_000;
/** How far below its head a node looks for where the network's branch leaves it; a re-org deeper than that it does not survive. */
const RECENT = 32;
/** Blocks taken over in one turn. */
const BLOCKS_AT_ONCE = 200;

/** Resolves when `signal` is aborted. */
export async function follow(options: {
  readonly node: ChainNode;
  /** Somebody to follow who answers. */
  readonly source: () => ChainNode | undefined;
  readonly signal: AbortSignal;
  /** Told why it does not follow, when that is not the network. */
  readonly onFault: (reason: string) => void;
}): Promise<void> {
  const { node, signal } = options;
  const clock = systemClock();
  await clock.sleep(PEERLESS_MS, signal);
  while (!signal.aborted) {
    const more = await step(node, options.source()).catch((error: unknown) => {
      if (!(error instanceof NodeUnreachable)) options.onFault(error instanceof Error ? error.message : String(error));
      return false;
    });
    if (!more) await clock.sleep(FOLLOW_MS, signal);
  }
}

/** One stretch nearer to the source's head; true where there is more. */
async function step(node: ChainNode, source: ChainNode | undefined): Promise<boolean> {
  if (source === undefined) return false;
  const [own, theirs] = await Promise.all([node.state(), source.state()]);
  if (own.head === theirs.head || theirs.height <= own.height) return false;
  const known = await recentHashes(node, own.height);
  const branch = await source.branch({ hash: theirs.head, height: theirs.height }, (hash) => known.has(hash));
  const [first] = branch;
  const common = first === undefined ? undefined : known.get(first.parentHash);
  if (common === undefined) throw new Error(`${source.id}'s branch has nothing in common with the last ${RECENT} blocks of ${node.id}`);
  const forward = branch.slice(0, BLOCKS_AT_ONCE);
  await node.exclusively(() => adoptBranch(node, { abandoned: [], back: own.height - common, forward }, false));
  return forward.length < branch.length;
}

async function recentHashes(node: ChainNode, height: number): Promise<Map<string, number>> {
  const heights = Array.from({ length: Math.min(RECENT, height + 1) }, (_, index) => height - index);
  const blocks = await Promise.all(heights.map((at) => node.block(`0x${at.toString(16)}`)));
  return new Map(blocks.map(({ hash }, index) => [hash, heights[index] ?? 0]));
}
