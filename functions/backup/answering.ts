/** Which nodes of the fleet answer now, and what they say: all are asked at once. */
import type { FleetNode } from "../../core/kernel/fleet.ts";
import type { Probe } from "../../core/kernel/node.ts";
import type { World } from "../../core/kernel/ports.ts";

const PROBE_MS = 2_000;

export type Answering = { readonly node: FleetNode; readonly probe: Extract<Probe, { kind: "answered" }> };

export async function answeringNodes({ fleet, nodes }: Pick<World, "fleet" | "nodes">, timeoutMs = PROBE_MS): Promise<Answering[]> {
  const probed = await Promise.all(fleet.nodes.map(async (node) => ({ node, probe: await nodes.probe(node, { referenceHeight: null, timeoutMs }) })));
  return probed.flatMap(({ node, probe }) => (probe.kind === "answered" ? [{ node, probe }] : []));
}
