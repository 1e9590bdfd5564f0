/**
 * The block by which a directory's backup is named: what the network calls final, not what the one node does, since a node that has gone
 * astray calls final what nobody else has. Null where too few nodes answer or agree: then the node's own word is all there is.
 */
import { agreed, headOf, quorumOf } from "../../../core/backup/restore-drill/judgement.ts";
import { Hash } from "../../../core/kernel/ids.ts";
import type { Probe } from "../../../core/kernel/node.ts";
import type { World } from "../../../core/kernel/ports.ts";
import type { JobWork } from "../../../core/kernel/vault-job.ts";
import { liveNodes } from "../drilling/live.ts";

type Answered = Extract<Probe, { kind: "answered" }>;
const PROBE_MS = 2_000;

/** By the second-highest of the final heights that nodes name, of few, and the middle one of many; null where none does. */
export async function finalHeight(world: World): Promise<number | null> {
  const probes = await Promise.all(world.fleet.nodes.map((node) => world.nodes.probe(node, { referenceHeight: null, timeoutMs: PROBE_MS })));
  const heights = probes.flatMap((probe) => {
    const final = probe.kind === "answered" ? finalOf(probe, world.fleet.chain.finality) : null;
    return final === null ? [] : [{ head: final }];
  });
  return heights.length === 0 ? null : headOf(heights);
}

/** By depth it is counted from the head: a probe's own word for it is of the head before, and a function's first probe has none. */
function finalOf({ head, finalized }: Answered, finality: World["fleet"]["chain"]["finality"]): number | null {
  return finality.kind === "depth" ? Math.max(0, head.height - finality.blocks) : (finalized?.height ?? null);
}

export type NetworkFinal = Extract<JobWork, { kind: "backup" }>["network"];

export async function networkFinal(world: World): Promise<NetworkFinal> {
  const height = await finalHeight(world);
  if (height === null) return null;
  const hash = agreed(await liveNodes(world, [height]), ({ hashAt }) => hashAt.get(height), quorumOf(world.fleet.nodes.length));
  return hash === null ? null : { height, blockHash: Hash.parse(hash) };
}
