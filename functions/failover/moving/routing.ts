/** Publishes who holds which role and who carries what other work: one record, versioned, written whole. */

import { jainIndex } from "../../../core/failover/load-balancing/fairness.ts";
import { redistributeOnce, unmeasuredWork } from "../../../core/failover/load-balancing/redistribution.ts";
import { updateRecord } from "../../../core/kernel/compare-and-set.ts";
import type { IncidentId, NodeId } from "../../../core/kernel/ids.ts";
import type { Incident } from "../../../core/kernel/incident.ts";
import type { World } from "../../../core/kernel/ports.ts";
import type { Route } from "../../../core/kernel/records.ts";

/** Work moves where the holder was lost; a planned move leaves it where it is. */
export const publishRoute = (world: World, { id, evidence, from }: Incident): Promise<void> =>
  moveWork(world, { incident: id, lost: evidence ? from : null });

/** Under one id work is moved once. `spared` are given none. */
export async function moveWork(
  world: World,
  { incident, lost, spared = [] }: { incident: IncidentId; lost: NodeId | null; spared?: readonly NodeId[] },
): Promise<void> {
  const { registry, fleet, clock } = world;
  const [leases, standings] = await Promise.all([
    Promise.all(fleet.roles.map(({ name }) => registry.read("lease", name))),
    registry.list("standing", { limit: 1_000 }),
  ]);
  const holders = leases.flatMap((lease) =>
    lease.kind === "found" ? [{ role: lease.value.role, node: lease.value.holder, epoch: lease.value.epoch }] : [],
  );
  const away = new Set<string>(spared);
  for (const { value } of standings) if (value.standing !== "member") away.add(value.node);
  const receivers = fleet.nodes.filter(({ id }) => !away.has(id)).map(({ id, capacity }) => ({ node: id, capacity }));
  const decision = await updateRecord(registry, "route", "current", (current) => {
    const work = current?.work ?? unmeasuredWork(fleet.nodes.map(({ id, capacity }) => ({ node: id, capacity })));
    const before = { incident: current?.incident ?? null, work };
    if (current?.incident === incident) return { kind: "keep", next: current };
    const moved = lost === null ? null : redistributeOnce(before, { incident, receivers, lost });
    const next: Route = {
      version: (current?.version ?? 0) + 1,
      holders,
      work: [...(moved?.kind === "moved" ? moved.redistribution.work : work)],
      fairness: moved?.kind === "moved" ? moved.redistribution.fairness : fairnessOf(work, receivers),
      incident,
      publishedAtMs: clock.wallMs(),
      reason: moved?.kind === "moved" ? moved.redistribution.reason : "no node was lost, so work stays where it is",
    };
    return { kind: "write", next };
  });
  const { version, reason } = decision.next;
  await world.bus.publish("failover.route-published", { incident, version, reason });
}

function fairnessOf(work: Route["work"], receivers: readonly { node: string; capacity: number }[]): number {
  return jainIndex(receivers.map(({ node, capacity }) => (work.find((one) => one.node === node)?.units ?? 0) / capacity));
}
