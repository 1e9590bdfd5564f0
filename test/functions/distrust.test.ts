/** A lease that was put back from an older state, a role that is only said to be unheld, and a move that was left half-way. */
import { describe, expect, it } from "vitest";
import { ROLE } from "../support/fake-network.ts";
import { lastIncident, leaseOf, runningNetwork } from "../support/running-network.ts";
import { walk } from "../support/workflow-driver.ts";

describe("a lease item put back from before a takeover", () => {
  it.each(["failover", "switchover"] as const)(
    "is not trusted by a person's %s either: the role is established anew, with one signer",
    async (kind) => {
      const network = await runningNetwork();
      const before = await leaseOf(network);
      network.setHost(before.holder, "gone");
      await network.clock.sleep(2_000);
      await walk(network.world(), network.condemned(before.holder), { execution: "arn:failover" });
      const taken = await leaseOf(network);
      expect(taken.holder).not.toBe(before.holder);
      network.setHost(before.holder, "up");
      await network.clock.sleep(3_000);
      await network.registry.write("lease", ROLE, before, "any");
      await network.clock.sleep(1_000);
      await walk(network.world(), { fleet: "testing", role: ROLE, kind, to: "n3" }, { execution: "arn:person" });
      await network.clock.sleep(15_000);
      expect(await lastIncident(network)).toMatchObject({ kind: "establish", status: "resolved" });
      expect((await leaseOf(network)).epoch).toBeGreaterThan(taken.epoch);
      expect(network.violations).toEqual([]);
    },
  );
});

describe("a role that is only said to be unheld", () => {
  it("keeps its holder: where no agent's word is above the lease there is nothing to establish", async () => {
    const network = await runningNetwork();
    const before = await leaseOf(network);
    const { last } = await walk(network.world(), network.unheld("establish"), { execution: "arn:late-word" });
    expect(last).toMatchObject({ decision: "end" });
    await network.clock.sleep(3_000);
    expect(await leaseOf(network)).toMatchObject({ holder: before.holder, epoch: before.epoch, state: "held" });
    expect(network.agent(before.holder).stored.fencedThrough).toBeLessThan(before.epoch);
  });
});

describe("a move that was left half-way", () => {
  it("is finished by the next execution though the budget is spent by the move itself", async () => {
    const network = await runningNetwork({ failover: { perHourMax: 1, cooldownSeconds: 600 } });
    const { holder, epoch } = await leaseOf(network);
    network.setHost(holder, "gone");
    await network.clock.sleep(2_000);
    // Opened, prepared, fenced, and then gone.
    await walk(network.world(), network.condemned(holder), { execution: "arn:first", stopAfter: 3 });
    expect((await leaseOf(network)).state).toBe("revoking");
    const incident = await lastIncident(network);
    await network.registry.write("incident", incident.id, { ...incident, status: "escalated", endedAtMs: network.nowMs }, "any");
    await network.registry.write(
      "roleIncident",
      ROLE,
      { role: ROLE, open: null, last: { id: incident.id, status: "escalated", endedAtMs: network.nowMs } },
      "any",
    );
    await network.clock.sleep(40_000);
    await walk(network.world(), network.unheld("abandoned"), { execution: "arn:second" });
    expect(await lastIncident(network)).toMatchObject({ status: "resolved" });
    expect(await leaseOf(network)).toMatchObject({ state: "held", epoch: epoch + 1 });
    expect(network.violations).toEqual([]);
  });
});
