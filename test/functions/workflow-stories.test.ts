import { describe, expect, it } from "vitest";
import { FakeNetwork, ROLE } from "../support/fake-network.ts";
import { lastIncident, leaseOf, runningNetwork } from "../support/running-network.ts";
import { type Decide, walk } from "../support/workflow-driver.ts";

const yes: Decide = () => ({ approved: true, by: "alice" });

describe("stories", () => {
  it("misses at most one slot in a planned switchover", async () => {
    const network = await runningNetwork();
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
    const network = await runningNetwork();
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
    const network = await runningNetwork();
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
    const network = await runningNetwork();
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
    const network = await runningNetwork();
    const before = await leaseOf(network);
    const to = before.holder === "n2" ? "n3" : "n2";
    network.agent(to).able = false;
    await walk(network.world(), { fleet: "testing", role: ROLE, to }, { execution: "arn:wish" });
    expect((await lastIncident(network)).status).toBe("withdrawn");
    expect(await leaseOf(network)).toMatchObject({ holder: before.holder, epoch: before.epoch, state: "held" });
  });

  it("escalates when nobody can take the role, says why of each, and does not open another incident for the same fault at once", async () => {
    const network = await runningNetwork();
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
      const network = await runningNetwork({ mode: "approve" }, yes);
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
    const network = await runningNetwork();
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
    const network = await runningNetwork({ failover: { perHourMax: 1 } });
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
