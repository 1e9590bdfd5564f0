/** What watchers make of agents' words that stand above the lease: an item put back, or a word that is merely newer. */
import { describe, expect, it } from "vitest";
import { readLease } from "../../functions/failover/watching/leases.ts";
import { renewRole } from "../../functions/failover/watching/renewal.ts";
import { hearAgent } from "../../functions/failover/watching/sensing.ts";
import { shardsOf } from "../../functions/failover/watching/shard.ts";
import { watchUnheld } from "../../functions/failover/watching/unheld.ts";
import { newWatcher, type Watcher } from "../../functions/failover/watching/watcher.ts";
import { FakeFleet } from "../support/fake-fleet.ts";
import { AWAY, HOME, ROLE } from "../support/fake-fleet-file.ts";
import { manualClock } from "../support/manual-clock.ts";
import { startWatching } from "../support/watch-rig.ts";

function twoWatchers() {
  const clock = manualClock();
  const network = new FakeFleet(clock, {});
  const [plan] = shardsOf(network.fleet);
  const [role, node] = [plan?.roles[0], plan?.nodes[0]];
  if (!plan || !role || !node) throw new Error("the fake fleet has a role and a node");
  const until = async <T>(work: Promise<T>): Promise<T> => {
    let done = false;
    const settled = work.finally(() => {
      done = true;
    });
    while (!done) await clock.advance(10);
    return settled;
  };
  const hear = (watcher: Watcher) => until(hearAgent(watcher, node));
  const read = (watcher: Watcher) => until(readLease(watcher, role));
  const renew = async (watcher: Watcher, lease: Awaited<ReturnType<typeof read>>) => {
    const reports = new Map([[node.id, hearAgent(watcher, node)]]);
    await until(renewRole(watcher, role, { lease: Promise.resolve(lease), reports }));
  };
  return { clock, network, role, hear, read, renew, here: newWatcher(network.world(HOME), plan), there: newWatcher(network.world(AWAY), plan) };
}

describe("a report that is newer than the item it is held against", () => {
  it("is no reason to establish a role anew: the other Region renewed in between", async () => {
    const { clock, network, role, hear, read, renew, here, there } = twoWatchers();
    await network.giveLease("n1");
    await Promise.all([hear(here), hear(there), read(here), read(there)]);
    await clock.advance(4_000);
    await renew(there, await read(there));
    await read(here);
    await clock.advance(4_000);
    const old = await read(here);
    await renew(there, await read(there));
    await renew(here, old);
    const seen = here.leases.get(ROLE);
    if (seen) watchUnheld(here, role, seen);
    await clock.advance(100);
    const lease = await network.registry().read("lease", ROLE);
    expect(lease).toMatchObject({ value: { renewal: 3 } });
    expect(network.published("failover.role-unheld")).toEqual([]);
  });
});

describe("a lease item put back from before a takeover", () => {
  it("grants its old holder nothing, since another agent's word stands above it", async () => {
    const rig = await startWatching({}, { regions: [HOME] });
    await rig.clock.advance(20_000);
    const last = await rig.network.registry().read("lease", ROLE);
    if (last.kind !== "found") throw new Error("no lease");
    // Cut off while the role moves, so that nobody has told it yet to give its epoch up.
    rig.network.node("n1").agent = "hanging";
    const taken = { ...last.value, holder: "n2" as typeof last.value.holder, epoch: 2, boot: null, renewal: last.value.renewal + 1 };
    await rig.network.registry().write("lease", ROLE, { ...taken, fromSlot: last.value.throughSlot + 1 }, "any");
    await rig.clock.advance(15_000);
    expect([...rig.network.node("n2").memory.grants.values()]).toMatchObject([{ epoch: 2 }]);
    const [granted] = [...rig.network.node("n1").memory.grants.values()];
    rig.network.node("n1").agent = "up";
    await rig.network.registry().write("lease", ROLE, last.value, "any");
    await rig.clock.advance(8_000);
    expect([...rig.network.node("n1").memory.grants.values()]).toEqual(granted === undefined ? [] : [granted]);
    expect(rig.network.published("failover.role-unheld")[0]?.detail).toMatchObject({ kind: "establish" });
  });
});
