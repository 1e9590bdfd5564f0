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
import { crashingRegistry, FakeNetwork, fleetOf, ROLE } from "../support/fake-network.ts";
import { type Decide, walk } from "../support/workflow-driver.ts";

/** A network whose role was established by the workflow itself, and has been signing for a while. */
async function running(options: Parameters<typeof fleetOf>[0] = {}, approve?: Decide): Promise<FakeNetwork> {
  const network = new FakeNetwork(fleetOf(options));
  await network.clock.sleep(3_000);
  const started = await walk(network.world(), network.unheld("establish"), { execution: "arn:establish", ...(approve ? { decide: approve } : {}) });
  expect(started.last.decision).toBe("resolved");
  await network.clock.sleep(5_000);
  return network;
}

async function leaseOf(network: FakeNetwork) {
  const found = await network.registry.read("lease", ROLE);
  if (found.kind === "absent") throw new RangeError("no lease");
  return found.value;
}
async function lastIncident(network: FakeNetwork) {
  const [last] = await network.registry.list("incident", { limit: 1, newestFirst: true });
  if (!last) throw new RangeError("no incident");
  return last.value;
}
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
const yes: Decide = () => ({ approved: true, by: "alice" });

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
        const network = await running();
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
    const network = await running();
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
    const network = await running();
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
    const network = await running();
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
    const network = await running();
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

describe("stories", () => {
  it("misses at most one slot in a planned switchover", async () => {
    const network = await running();
    const { holder } = await leaseOf(network);
    network.agent(holder).pending.push("0x01", "0x02");
    await network.clock.sleep(300);
    const moved = await walk(network.world(), { fleet: "testing", role: ROLE, to: holder === "n3" ? "n4" : "n3" }, { execution: "arn:planned" });
    const incident = await lastIncident(network);
    expect(incident).toMatchObject({ kind: "switchover", status: "resolved" });
    expect(incident.outcome?.missedSlots).toBeLessThanOrEqual(1);
    expect(moved.steps.indexOf("PrepareSuccessor")).toBeLessThan(moved.steps.indexOf("FencePrimary"));
    expect(network.agent(incident.to ?? "").pending).toEqual(["0x01", "0x02"]);
  });

  it("waits the lease out when the host is gone with its agent, and keeps the old slots from the successor", async () => {
    const network = await running();
    const before = await leaseOf(network);
    network.setHost(before.holder, "silent");
    await network.clock.sleep(2_000);
    const marked = await leaseOf(network);
    await walk(network.world(), network.condemned(before.holder), { execution: "arn:host" });
    const after = await leaseOf(network);
    expect(after.fromSlot).toBeGreaterThan(marked.throughSlot - 1);
    expect((await lastIncident(network)).status).toBe("resolved");
    expect(network.violations).toEqual([]);
  });

  it("passes over a successor that does not sign, with an epoch of its own, and keeps it out", async () => {
    const network = await running();
    const { holder, epoch } = await leaseOf(network);
    network.setHost(holder, "gone", "up");
    for (const agent of network.agents.values()) agent.validates = agent.node.id === "n4";
    await network.clock.sleep(1_000);
    await walk(network.world(), network.condemned(holder), { execution: "arn:mute" });
    const incident = await lastIncident(network);
    expect(incident).toMatchObject({ status: "resolved", outcome: { holder: "n4", epoch: epoch + 1 + incident.burned.length } });
    expect(incident.burned.length).toBeGreaterThan(0);
    const standing = await network.registry.read("standing", incident.burned[0] ?? "");
    expect(standing.kind === "found" && standing.value.standing).toBe("out");
  });

  it("blames no successor in a halted network, and asks a person", async () => {
    const network = await running();
    const { holder } = await leaseOf(network);
    for (const agent of network.agents.values()) agent.validates = false;
    const shard = {
      observer: "us-east-1",
      shard: "0",
      owner: "w",
      processId: 1,
      epoch: 1,
      nodes: [],
      tookAtMs: 0,
      beatAtMs: network.nowMs + 20_000,
      network: "halted",
    };
    await network.registry.write("shard", "us-east-1/0", shard as never, "any");
    await network.clock.sleep(4_000);
    await walk(network.world(), network.condemned(holder), { execution: "arn:halted" });
    expect(await lastIncident(network)).toMatchObject({ status: "escalated", burned: [] });
  });

  it("withdraws a planned move whose wished-for successor is not able, and leaves the holder signing", async () => {
    const network = await running();
    const before = await leaseOf(network);
    const to = before.holder === "n2" ? "n3" : "n2";
    network.agent(to).able = false;
    await walk(network.world(), { fleet: "testing", role: ROLE, to }, { execution: "arn:wish" });
    expect((await lastIncident(network)).status).toBe("withdrawn");
    expect(await leaseOf(network)).toMatchObject({ holder: before.holder, epoch: before.epoch, state: "held" });
  });

  it("escalates when nobody can take the role, says why of each, and does not open another incident for the same fault at once", async () => {
    const network = await running();
    const { holder } = await leaseOf(network);
    for (const { id } of network.fleet.nodes) network.setHost(id, "gone");
    await walk(network.world(), network.condemned(holder), { execution: "arn:none" });
    const incident = await lastIncident(network);
    expect(incident.status).toBe("escalated");
    await network.clock.sleep(15_000);
    const input = network.condemned(holder);
    input.event.evidence.suspectedAtMs = incident.openedAtMs;
    expect((await walk(network.world(), input, { execution: "arn:again" })).last.decision).toBe("end");
    expect((await lastIncident(network)).id).toBe(incident.id);
    await network.clock.sleep(60_000);
    await walk(network.world(), { ...network.condemned(holder), ...{} }, { execution: "arn:later" });
    expect((await lastIncident(network)).id).not.toBe(incident.id);
  });

  it("asks first where the mode is approve: yes moves, no and silence do not, and a later fault is a new incident", async () => {
    for (const [decide, status] of [
      [yes, "resolved"],
      [() => ({ approved: false, by: "bob" }), "rejected"],
      [() => "timeout", "expired"],
    ] as [Decide, string][]) {
      const network = await running({ mode: "approve" }, yes);
      const before = await leaseOf(network);
      network.setHost(before.holder, "gone", "up");
      const asked = await walk(network.world(), network.condemned(before.holder), { execution: "arn:asked", decide });
      expect(asked.steps).toContain("RequestApproval");
      expect((await lastIncident(network)).status).toBe(status);
      expect((await leaseOf(network)).epoch).toBe(status === "resolved" ? before.epoch + 1 : before.epoch);
      if (status === "resolved") continue;
      await network.clock.sleep(61_000);
      const later = await walk(network.world(), network.condemned(before.holder), { execution: "arn:later", decide: yes });
      expect(later.last.decision).toBe("resolved");
    }
  });

  it("moves nothing in shadow, and says what it would have done", async () => {
    const network = await running();
    const before = await leaseOf(network);
    await network.registry.write("roleMode", ROLE, { role: ROLE, mode: "shadow", setBy: "alice", atMs: network.nowMs }, "any");
    await walk(network.world(), network.condemned(before.holder), { execution: "arn:shadow" });
    const incident = await lastIncident(network);
    expect(incident).toMatchObject({ status: "recorded", mode: "shadow" });
    expect(incident.to).not.toBeNull();
    expect((await leaseOf(network)).epoch).toBe(before.epoch);
  });

  it("needs a person to establish a role while one member cannot say what it was granted", async () => {
    const network = new FakeNetwork();
    network.setHost("n2", "gone");
    const refused = await walk(network.world(), network.unheld("establish"), { execution: "arn:a" });
    expect(refused.last.decision).toBe("expired");
    expect((await network.registry.read("lease", ROLE)).kind).toBe("absent");
    await network.clock.sleep(61_000);
    await walk(network.world(), network.unheld("establish"), { execution: "arn:b", decide: yes });
    expect((await leaseOf(network)).state).toBe("held");
  });

  it("stops when the budget is spent, and a person's request still passes", async () => {
    const network = await running({ failover: { perHourMax: 1 } });
    for (const expected of ["resolved", "escalated"]) {
      const { holder } = await leaseOf(network);
      network.setHost(holder, "gone", "up");
      await network.clock.sleep(2_000);
      await walk(network.world(), network.condemned(holder), { execution: `arn:${expected}` });
      expect((await lastIncident(network)).status).toBe(expected);
    }
    await walk(network.world(), { fleet: "testing", role: ROLE, kind: "failover" }, { execution: "arn:person" });
    expect((await lastIncident(network)).status).toBe("resolved");
  });
});
