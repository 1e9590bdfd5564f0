/** The failover workflow over fake agents that run the real grant machine: whatever happens, one holder, and every incident ends. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isOpen } from "../../core/kernel/incident.ts";
import { requestApproval } from "../../functions/failover/moving/approving.ts";
import { closeIncident } from "../../functions/failover/moving/closing.ts";
import { fencePrimary } from "../../functions/failover/moving/fencing.ts";
import { openIncident } from "../../functions/failover/moving/opening.ts";
import { prepareSuccessor } from "../../functions/failover/moving/preparing.ts";
import { promoteSuccessor } from "../../functions/failover/moving/promoting.ts";
import { OpenInput } from "../../functions/failover/moving/request.ts";
import { Step } from "../../functions/failover/moving/step.ts";
import { takeLeaseForSuccessor } from "../../functions/failover/moving/taking.ts";
import { verifySigning } from "../../functions/failover/moving/verifying.ts";
import { crashingRegistry, FakeNetwork, ROLE } from "../support/fake-network.ts";
import { leaseOf, runningNetwork } from "../support/running-network.ts";
import { walk } from "../support/workflow-driver.ts";

async function openIncidents(network: FakeNetwork): Promise<string[]> {
  const all = await network.registry.list("incident", { limit: 1_000 });
  return all.filter(({ value }) => isOpen(value.status)).map(({ key }) => key);
}
/** What watchers do for five minutes: say again what lasts, and what was left lying. */
async function watchersGoOn(network: FakeNetwork, condemned: string | null): Promise<void> {
  for (let round = 0; round < 20; round += 1) {
    await network.clock.sleep(15_000);
    const { holder, state } = await leaseOf(network);
    const cell = await network.registry.read("roleIncident", ROLE);
    const left = state === "revoking" || (cell.kind === "found" && cell.value.open !== null);
    const input = holder === condemned ? network.condemned(holder) : left ? network.unheld("abandoned") : null;
    if (input) await walk(network.world(), input, { execution: `arn:again-${round}` });
  }
}
const signerOf = (network: FakeNetwork, id: string) => network.fleet.nodes.find((node) => node.id === id)?.signer;

describe("laws", () => {
  const faults = fc.constantFrom("node-gone", "host-silent", "validator-mute", "switchover");
  /** Ended between two steps by somebody, or within one by a crash around any of its writes. */
  const deaths = fc.oneof(
    fc.record({ stopAfter: fc.integer({ min: 0, max: 8 }) }),
    fc.record({ atWrite: fc.integer({ min: 1, max: 26 }), when: fc.constantFrom("before" as const, "after" as const) }),
  );

  it("never lets two sign, ends every incident and finds a signer, wherever the first execution died", async () => {
    await fc.assert(
      fc.asyncProperty(faults, deaths, fc.integer({ min: 0, max: 900 }), async (fault, death, offsetMs) => {
        const network = await runningNetwork();
        const { holder, epoch } = await leaseOf(network);
        await network.clock.sleep(offsetMs);
        if (fault === "node-gone") network.setHost(holder, "gone", "up");
        if (fault === "host-silent") network.setHost(holder, "silent");
        if (fault === "validator-mute") network.agent(holder).validates = false;
        await network.clock.sleep(1_500);
        const input = fault === "switchover" ? { fleet: "testing", role: ROLE } : network.condemned(holder);
        const dying = "stopAfter" in death ? network.world() : network.world(crashingRegistry(network.registry, death));
        const first = await walk(dying, input, { execution: "arn:first", ...("stopAfter" in death ? death : {}) });
        expect(first.stopped || first.last.decision === "resolved").toBe(true);
        await watchersGoOn(network, fault === "switchover" ? null : holder);
        expect(network.violations).toEqual([]);
        expect(await openIncidents(network)).toEqual([]);
        const cell = await network.registry.read("roleIncident", ROLE);
        expect(cell.kind === "found" && cell.value.open).toBe(null);
        const lease = await leaseOf(network);
        expect(lease.state).toBe("held");
        if (fault !== "switchover") expect(lease.holder).not.toBe(holder);
        if (fault !== "switchover") expect(lease.epoch).toBe(epoch + 1);
        expect(network.blocks.at(-1)?.signer).toBe(signerOf(network, lease.holder));
        expect(network.blocks.at(-1)?.slot).toBeGreaterThanOrEqual(network.slot - 1);
      }),
      { numRuns: 300 },
    );
  });

  it("moves a role once, however many executions are started for one fault in two Regions", async () => {
    const network = await runningNetwork();
    const { holder, epoch } = await leaseOf(network);
    network.setHost(holder, "gone", "up");
    await network.clock.sleep(2_000);
    const input = network.condemned(holder);
    const walks = await Promise.all(
      ["us-east-1", "us-west-2"].map((region, index) => walk(network.world(network.registry, region), input, { execution: `arn:${index}` })),
    );
    const late = await walk(network.world(), input, { execution: "arn:late" });
    expect(walks.map(({ last }) => last.decision).toSorted()).toEqual(["end", "resolved"]);
    expect(late.last.decision).toBe("end");
    expect((await leaseOf(network)).epoch).toBe(epoch + 1);
    expect(network.violations).toEqual([]);
  });

  it("answers the same when each step is run twice", async () => {
    const network = await runningNetwork();
    const { holder } = await leaseOf(network);
    network.setHost(holder, "gone", "up");
    const input = network.condemned(holder);
    for (const stopAfter of [1, 2, 3, 4, 5, 6, 7]) await walk(network.world(), input, { execution: "arn:same", stopAfter });
    const [route, lease] = [await network.registry.read("route", "current"), await leaseOf(network)];
    const again = await walk(network.world(), input, { execution: "arn:same" });
    expect(again.last.decision).toBe("end");
    expect([await network.registry.read("route", "current"), (await leaseOf(network)).epoch]).toEqual([route, lease.epoch]);
    expect(network.violations).toEqual([]);
  });

  it("publishes a route whose work sums to what it was, however many nodes are lost one after the other", async () => {
    const network = await runningNetwork();
    const total = async () => {
      const route = await network.registry.read("route", "current");
      return route.kind === "found" ? route.value.work.reduce((sum, { units }) => sum + units, 0) : null;
    };
    const before = await total();
    for (const round of [1, 2]) {
      const { holder } = await leaseOf(network);
      network.setHost(holder, "gone");
      await network.clock.sleep(2_000);
      const moved = await walk(network.world(), network.condemned(holder), { execution: `arn:${round}` });
      expect(moved.last.decision).toBe("resolved");
      expect(await total()).toBe(before);
      const route = await network.registry.read("route", "current");
      expect(route.kind === "found" && route.value.work.find(({ node }) => node === holder)?.units).toBe(0);
    }
  });

  it("lets an execution that was overtaken do nothing more, in any of its steps", async () => {
    const network = await runningNetwork();
    const { holder, epoch } = await leaseOf(network);
    network.setHost(holder, "gone", "up");
    await network.clock.sleep(2_000);
    const world = network.world();
    const opened = await openIncident(world, OpenInput.parse({ ...network.condemned(holder), execution: "arn:slow" }));
    await network.clock.sleep(20_000);
    const resumed = await walk(world, network.unheld("abandoned"), { execution: "arn:quick", stopAfter: 2 });
    expect(resumed.steps).toEqual(["OpenIncident", "FencePrimary"]);
    const run = { requestId: "r", remainingMs: () => 900_000 };
    const slow = { ...Step.parse(opened), epoch: epoch + 1, fromSlot: 0, promoted: true, reason: "", taskToken: "t", ending: "resolved" as const };
    const steps = [
      () => fencePrimary(world, slow, run),
      () => prepareSuccessor(world, slow),
      () => takeLeaseForSuccessor(world, slow),
      () => promoteSuccessor(world, slow),
      () => verifySigning(world, slow, run),
      () => requestApproval(world, slow),
      () => closeIncident(world, slow),
    ];
    for (const step of steps) await expect(step()).rejects.toMatchObject({ name: "LeaseStale" });
    expect((await leaseOf(network)).epoch).toBe(epoch);
  });

  it("gives a role that never had a lease its first slot only after one whole lease", async () => {
    const network = new FakeNetwork();
    await walk(network.world(), network.unheld("establish"), { execution: "arn:establish" });
    expect(network.blocks[1]?.slot).toBeGreaterThanOrEqual(1_000 + 10);
    expect(await leaseOf(network)).toMatchObject({ state: "held", epoch: 1 });
  });
});
