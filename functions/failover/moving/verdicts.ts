/** What observers say of one node: read by its own prefix, since all nodes' verdicts are more than one listing gives. */
import type { NodeId } from "../../../core/kernel/ids.ts";
import type { Verdict } from "../../../core/kernel/node.ts";
import type { Registry } from "../../../core/kernel/ports.ts";

/** Three observers at most have a word on a node, and as many again whom an earlier fleet file named. */
const VERDICTS_PER_NODE_MAX = 6;

export async function verdictsOn(registry: Registry, node: NodeId): Promise<Verdict[]> {
  const found = await registry.list("verdict", { prefix: `${node}/`, limit: VERDICTS_PER_NODE_MAX });
  return found.map(({ value }) => value);
}
