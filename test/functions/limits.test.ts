/** What is longer or larger than usual, within the fleet file's own limits: no step may fail of it, and nobody may be overlooked. */
import { describe, expect, it } from "vitest";
import { NodeId, RegionName } from "../../core/kernel/ids.ts";
import { isOpen } from "../../core/kernel/incident.ts";
import type { Verdict } from "../../core/kernel/node.ts";
import type { Agents, World } from "../../core/kernel/ports.ts";
import { lookAtRole } from "../../functions/failover/moving/look.ts";
import { OpenInput, REASON_CHARACTERS_MAX } from "../../functions/failover/moving/request.ts";
import { roleOf } from "../../functions/failover/moving/step.ts";
import { parseInput } from "../../functions/lambda.ts";
import { type FakeNetwork, ROLE } from "../support/fake-network.ts";
import { lastIncident, leaseOf, runningNetwork } from "../support/running-network.ts";
import { walk } from "../support/workflow-driver.ts";

/** Twice what the agent keeps of a hook's output, in characters of two units each: any cut falls within one or beside it. */
const TRACE = "💥".repeat(2_000);
/** A listing gives a thousand; the fleet file allows 500 nodes and three observers. */
const OTHERS = 500;
const OBSERVERS = ["us-east-1", "us-east-2", "us-west-2"];

/** The promote hook of these nodes prints a stack trace and fails. */
function withFailingHooks(world: World, nodes: readonly string[]): World {
  const call: Agents["call"] = async (node, order, options) =>
    order.kind === "promote" && nodes.includes(node.id)
      ? { kind: "refused", code: "hook-failed", reason: `exit code 1; it said: ${TRACE}` }
      : world.agents.call(node, order, options);
  return { ...world, agents: { call } };
}

describe("a promote hook that prints a stack trace and fails", () => {
  it("costs its node the role and the incident nothing: the burn is recorded, another node is promoted, the incident ends", async () => {
    const network = await runningNetwork();
    const { holder } = await leaseOf(network);
    network.setHost(holder, "gone", "up");
    await network.clock.sleep(1_000);
    const [, able] = network.fleet.nodes
      .map(({ id }) => id)
      .filter((id) => id !== holder)
      .toSorted();
    const failing = network.fleet.nodes.map(({ id }) => id).filter((id) => id !== able);
    await walk(withFailingHooks(network.world(), failing), network.condemned(holder), { execution: "arn:trace" });
    const incident = await lastIncident(network);
    expect(isOpen(incident.status)).toBe(false);
    expect(incident).toMatchObject({ status: "resolved", outcome: { holder: able } });
    expect(incident.burned.length).toBeGreaterThan(0);
    for (const node of incident.burned) expect(await network.registry.read("standing", node)).toMatchObject({ value: { standing: "out" } });
    expect(network.violations).toEqual([]);
  });

  it("does not travel with the workflow, nor into the journal, by more than a reason's length", async () => {
    const network = await runningNetwork();
    const { holder } = await leaseOf(network);
    network.setHost(holder, "gone", "up");
    await network.clock.sleep(1_000);
    const all = network.fleet.nodes.map(({ id }) => id);
    await walk(withFailingHooks(network.world(), all), network.condemned(holder), { execution: "arn:trace", stopAfter: 6 });
    const [said] = network.bus.published.flatMap(({ name, detail }) =>
      name === "failover.signing-verified" && !detail.signed ? [detail.reason] : [],
    );
    expect(said).toContain("hook-failed");
    expect(String(said).length).toBeLessThanOrEqual(REASON_CHARACTERS_MAX);
    expect(String(said).isWellFormed()).toBe(true);
    const lines = await network.registry.list("journal", { prefix: `${(await lastIncident(network)).id}/`, limit: 100 });
    const failed = lines.find(({ value }) => value.kind === "not-promoted");
    expect(failed?.value.text.startsWith(`${said}; `)).toBe(true);
  });
});

describe("what open-incident takes", () => {
  it("cuts a reason that is too long, between characters, and refuses nobody for it", () => {
    for (const reason of [TRACE, `x${TRACE}`, "short"]) {
      const input = parseInput(OpenInput, { fleet: "testing", role: ROLE, execution: "arn:x", reason }, "open-incident");
      expect(input.reason?.length).toBeLessThanOrEqual(REASON_CHARACTERS_MAX);
      expect(input.reason?.isWellFormed()).toBe(true);
      expect(reason.startsWith((input.reason ?? "").replace(/\ufffd?…$/, ""))).toBe(true);
    }
  });
});

describe("a fleet with more verdicts than one listing gives", () => {
  const said = (network: FakeNetwork, node: string, observer: string, more: Partial<Verdict> = {}): Verdict => ({
    observer: RegionName.parse(observer),
    node: NodeId.parse(node),
    kind: "healthy",
    confirmed: true,
    sinceMs: network.nowMs,
    atMs: network.nowMs,
    reason: "as before",
    head: null,
    lagBlocks: null,
    suspicion: 0,
    flapPenalty: 0,
    sightings: [],
    ...more,
  });
  /** The role's members are n1 to n4, and sort after all others. */
  async function crowded(): Promise<FakeNetwork> {
    const network = await runningNetwork();
    for (let index = 0; index < OTHERS; index += 1) {
      const node = `a${index}`;
      for (const observer of OBSERVERS) await network.registry.write("verdict", `${node}/${observer}`, said(network, node, observer), "any");
    }
    return network;
  }

  it("never elects a forked node, however late it sorts", async () => {
    const network = await crowded();
    const { holder } = await leaseOf(network);
    const others = network.fleet.nodes.map(({ id }) => id).filter((id) => id !== holder);
    const before = await lookAtRole(network.world(), roleOf(network.world(), ROLE), null);
    expect(before.candidates.map(({ verdicts }) => verdicts.length)).toEqual([0, 0, 0, 0]);
    for (const node of others.slice(0, 2))
      await network.registry.write("verdict", `${node}/us-west-2`, said(network, node, "us-west-2", { kind: "forked" }), "any");
    network.setHost(holder, "gone", "up");
    await network.clock.sleep(1_000);
    await walk(network.world(), network.condemned(holder), { execution: "arn:forked" });
    expect(await lastIncident(network)).toMatchObject({ status: "resolved", outcome: { holder: others[2] }, burned: [] });
  });

  it("hears every observer of a member, and none that an earlier fleet file had: its last word would stand for ever", async () => {
    const network = await crowded();
    const observers = [...OBSERVERS, "ap-south-1", "ap-south-2", "ca-west-1"];
    for (const observer of observers) await network.registry.write("verdict", `n4/${observer}`, said(network, "n4", observer), "any");
    const { candidates } = await lookAtRole(network.world(), roleOf(network.world(), ROLE), null);
    expect(candidates.map(({ verdicts }) => verdicts.length)).toEqual([0, 0, 0, network.fleet.regions.observers.length]);
  });

  it("counts what watchers have seen of the lease as waited, whether the holder is a member still or not", async () => {
    for (const leaves of [false, true]) {
      const network = await crowded();
      const { holder } = await leaseOf(network);
      network.setHost(holder, "silent");
      await network.clock.sleep(2_000);
      const { epoch, renewal } = await leaseOf(network);
      const sighting = { role: ROLE, epoch, renewal, seenForMs: 4_000 };
      await network.registry.write(
        "verdict",
        `${holder}/us-west-2`,
        said(network, holder, "us-west-2", { kind: "dead", sightings: [sighting] }),
        "any",
      );
      if (leaves) for (const role of network.fleet.roles) role.members = role.members.filter((id) => id !== holder);
      await walk(network.world(), network.condemned(holder), { execution: "arn:seen" });
      const lines = await network.registry.list("journal", { prefix: `${(await lastIncident(network)).id}/`, limit: 100 });
      const waiting = lines.find(({ value }) => value.kind === "waiting");
      expect(waiting?.value.facts.sightings, `a member: ${!leaves}`).toEqual([sighting]);
    }
  });
});
