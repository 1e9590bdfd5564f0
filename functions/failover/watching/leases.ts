/** Reads the leases of the shard's roles, and remembers for how long each has been seen as it is. */
import type { FleetRole } from "../../../core/kernel/fleet.ts";
import type { Lease } from "../../../core/kernel/lease.ts";
import type { LeaseSighting } from "../../../core/kernel/node.ts";
import type { Absent, Found } from "../../../core/kernel/ports.ts";
import { type LeaseSeen, launch, type Watcher } from "./watcher.ts";

/** Reads one role's lease; resolves to what was read now, or undefined where the registry did not answer. */
export async function readLease(watcher: Watcher, role: FleetRole): Promise<LeaseSeen | undefined> {
  const { clock, registry } = watcher.world;
  const askedMs = clock.monotonicMs();
  await launch(watcher, `reading the lease of ${role.name}`, async () => {
    const readStartedMs = clock.monotonicMs();
    const found = await registry.read("lease", role.name);
    watcher.leases.set(role.name, seenAs(watcher.leases.get(role.name), found, { readStartedMs, nowMs: clock.monotonicMs() }));
  });
  const seen = watcher.leases.get(role.name);
  return seen && seen.readStartedMs >= askedMs ? seen : undefined;
}

/** Pure. Time counts from the end of the first read that showed the renewal: it was not made later than that. */
export function seenAs(before: LeaseSeen | undefined, found: Found<Lease> | Absent, at: { readStartedMs: number; nowMs: number }): LeaseSeen {
  const { readStartedMs } = at;
  const lease = found.kind === "found" ? found.value : null;
  const revision = found.kind === "found" ? found.revision : null;
  const known = before?.lease;
  const sameEpoch = lease !== null && known?.epoch === lease.epoch && known.holder === lease.holder;
  const sameRenewal = sameEpoch && known?.renewal === lease.renewal;
  return {
    lease,
    revision,
    readStartedMs,
    renewalSinceMs: sameRenewal && before ? before.renewalSinceMs : at.nowMs,
    epochSinceMs: sameEpoch && before ? before.epochSinceMs : at.nowMs,
  };
}

/** What this process can testify of the leases, for whoever has to wait one out. */
export function sightings(watcher: Watcher): LeaseSighting[] {
  const nowMs = watcher.world.clock.monotonicMs();
  return [...watcher.leases.values()].flatMap(({ lease, renewalSinceMs }) =>
    lease ? [{ role: lease.role, epoch: lease.epoch, renewal: lease.renewal, seenForMs: nowMs - renewalSinceMs }] : [],
  );
}
