/**
 * The block by which a directory's backup is named: what the network calls final, not what the one node does, since a node that has gone
 * astray calls final what nobody else has. Null where too few nodes answer or agree: then the node's own word is all there is.
 */
import { agreed, headOf, quorumOf } from "../../../core/backup/restore-drill/judgement.ts";
import { Hash } from "../../../core/kernel/ids.ts";
import type { World } from "../../../core/kernel/ports.ts";
import type { JobWork } from "../../../core/kernel/vault-job.ts";
import { type Answering, answeringNodes } from "../answering.ts";
import { withHashes } from "../drilling/live.ts";

type NetworkFinal = Extract<JobWork, { kind: "backup" }>["network"];

/** By the second-highest of the final heights that nodes name, of few, and the middle one of many; null where none does. */
export function finalHeight({ fleet }: Pick<World, "fleet">, answering: readonly Answering[]): number | null {
  const heights = answering.flatMap(({ probe }) => {
    const final = finalOf(probe, fleet.chain.finality);
    return final === null ? [] : [{ head: final }];
  });
  return heights.length === 0 ? null : headOf(heights);
}

/** By depth it is counted from the head: a probe's own word for it is of the head before, and a function's first probe has none. */
function finalOf({ head, finalized }: Answering["probe"], finality: World["fleet"]["chain"]["finality"]): number | null {
  return finality.kind === "depth" ? Math.max(0, head.height - finality.blocks) : (finalized?.height ?? null);
}

export async function networkFinal(world: World): Promise<NetworkFinal> {
  const answering = await answeringNodes(world);
  const height = finalHeight(world, answering);
  if (height === null) return null;
  const hash = agreed(await withHashes(world, answering, [height]), ({ hashAt }) => hashAt.get(height), quorumOf(world.fleet.nodes.length));
  return hash === null ? null : { height, blockHash: Hash.parse(hash) };
}
