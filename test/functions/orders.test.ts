/** Orders to agents that something else befalls in between, and events that have been overtaken. */
import { describe, expect, it } from "vitest";
import type { World } from "../../core/kernel/ports.ts";
import { openIncident } from "../../functions/failover/moving/opening.ts";
import { STEP_MS } from "../../functions/failover/moving/ownership.ts";
import { prepareSuccessor } from "../../functions/failover/moving/preparing.ts";
import { OpenInput } from "../../functions/failover/moving/request.ts";
import { Step } from "../../functions/failover/moving/step.ts";
import { FakeNetwork, ROLE } from "../support/fake-network.ts";
import { walk } from "../support/workflow-driver.ts";

/** Before the n-th prepare of an agent reaches it, somebody else fences that agent, which voids every open nonce. */
function fencedInBetween(world: World, times: number): World {
  let left = times;
  const call: World["agents"]["call"] = async (node, order, options) => {
    if (order.kind === "prepare" && left > 0) {
      left -= 1;
      const asked = await world.agents.call<"report">(node, { kind: "report", probe: [] }, options);
      if (asked.kind !== "answered") throw new Error("the agent was not there to be fenced");
      await world.agents.call<"fence">(node, { kind: "fence", nonce: asked.reply.report.nonce, role: ROLE, epoch: 0, after: "now" }, options);
    }
    return world.agents.call(node, order, options);
  };
  return { ...world, agents: { call } };
}

async function established(world: (network: FakeNetwork) => World) {
  const network = new FakeNetwork();
  await network.clock.sleep(3_000);
  await walk(world(network), network.unheld("establish"), { execution: "arn:establish" });
  const [incident] = await network.registry.list("incident", { limit: 1, newestFirst: true });
  const lease = await network.registry.read("lease", ROLE);
  if (!incident || lease.kind === "absent") throw new Error("nothing was established");
  return { network, incident: incident.value, lease: lease.value };
}

describe("an order whose nonce was voided by a fence beside it", () => {
  it("is given once more over a fresh one: the successor is not passed over for it", async () => {
    const { incident, lease } = await established((network) => fencedInBetween(network.world(), 1));
    expect(incident).toMatchObject({ status: "resolved", burned: [] });
    expect(lease).toMatchObject({ state: "held", holder: "n1" });
  });

  it("is given up after the second time, and the next is tried", async () => {
    const { incident, lease } = await established((network) => fencedInBetween(network.world(), 2));
    expect(incident).toMatchObject({ status: "resolved" });
    expect(lease).toMatchObject({ state: "held", holder: "n2" });
  });
});

/** The next answers of an agent to orders of one kind are lost, each after all the time that was given to it. */
function losing(world: World, node: string, kind: "report" | "prepare", times: number): World {
  let left = times;
  const call: World["agents"]["call"] = async (to, order, options) => {
    if (to.id !== node || order.kind !== kind || left === 0) return world.agents.call(to, order, options);
    left -= 1;
    await world.clock.sleep(options.timeoutMs);
    return { kind: "unreachable", reason: "the packet was lost" };
  };
  return { ...world, agents: { call } };
}

describe("a successor whose agent does not answer", () => {
  const prepared = async (kind: "report" | "prepare", times: number) => {
    const { network, lease } = await established((fresh) => fresh.world());
    const to = network.fleet.nodes.find(({ id }) => id !== lease.holder)?.id ?? "";
    const opened = await openIncident(network.world(), OpenInput.parse({ fleet: "testing", role: ROLE, kind: "failover", to, execution: "arn:p" }));
    const fromMs = network.nowMs;
    const answer = await prepareSuccessor(losing(network.world(), to, kind, times), Step.parse(opened));
    return { able: answer.able, tookMs: network.nowMs - fromMs };
  };

  it("is asked once more, since one lost packet is no reason to burn it", async () => {
    expect(await prepared("report", 1)).toMatchObject({ able: true });
  });

  it("is given up then, well within the time after which another execution takes the incident over", async () => {
    const { able, tookMs } = await prepared("prepare", 9);
    expect(able).toBe(false);
    expect(tookMs).toBeLessThan(STEP_MS);
  });
});

describe("a lease that was said to have lapsed", () => {
  it("is left alone where it was renewed since, and moves where it was not", async () => {
    const { network, lease } = await established((fresh) => fresh.world());
    const { epoch, renewal, holder } = lease;
    await network.clock.sleep(20_000);
    await walk(network.world(), network.unheld("lapsed", { epoch, renewal: renewal - 1 }), { execution: "arn:stale" });
    expect(await network.registry.read("lease", ROLE)).toMatchObject({ value: { holder, epoch, state: "held" } });
    const now = await network.registry.read("lease", ROLE);
    if (now.kind === "absent") throw new Error("no lease");
    await walk(network.world(), network.unheld("lapsed", { epoch, renewal: now.value.renewal }), { execution: "arn:lapsed" });
    const after = await network.registry.read("lease", ROLE);
    expect(after).toMatchObject({ value: { epoch: epoch + 1, state: "held" } });
    expect(after.kind === "found" && after.value.holder).not.toBe(holder);
  });
});
