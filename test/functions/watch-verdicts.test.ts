/** What two Regions' watchers make of faults on a network in memory: who is condemned, and who is not. */
import { afterEach, expect, test } from "vitest";
import { AWAY, HOME, ROLE } from "../support/fake-fleet-file.ts";
import { CADENCE_MS, condemned, endRuns, signedBy, startWatching, verdictOf } from "../support/watch-rig.ts";

afterEach(endRuns);

test("a healthy fleet: every node healthy in both Regions, the holder signs each slot, nobody is condemned", async () => {
  const rig = await startWatching();
  const before = signedBy(rig, "n1");
  await rig.clock.advance(60_000);
  expect(signedBy(rig, "n1") - before).toBe(60);
  for (const node of ["n1", "n2", "n3", "n4"])
    for (const region of [HOME, AWAY]) expect(await verdictOf(rig, node, region)).toMatchObject({ kind: "healthy", confirmed: true });
  expect(condemned(rig)).toEqual([]);
  expect(rig.network.published("failover.role-unheld")).toEqual([]);
  expect(rig.network.warnings).toEqual([]);
});

test("the primary's process dies: condemned within two cadences, by a quorum that anyone can check", async () => {
  const rig = await startWatching();
  const diedAtMs = rig.clock.wallMs();
  rig.network.killNode("n1");
  await rig.clock.advance(2 * CADENCE_MS);
  const [first] = condemned(rig);
  expect(first).toMatchObject({ node: "n1", role: ROLE, evidence: { verdict: "dead", needed: 3, eligible: 5 } });
  expect((first?.evidence.condemnedAtMs ?? 0) - diedAtMs).toBeLessThanOrEqual(2 * CADENCE_MS);
  const down = first?.evidence.votes.filter((vote) => vote.down) ?? [];
  expect(down.some(({ kind }) => kind === "observer")).toBe(true);
  expect(down.length).toBeGreaterThanOrEqual(3);
});

test("the primary's host dies: condemned by silence within five cadences", async () => {
  const rig = await startWatching();
  const diedAtMs = rig.clock.wallMs();
  rig.network.killHost("n1");
  await rig.clock.advance(5 * CADENCE_MS);
  const [first] = condemned(rig);
  expect(first).toMatchObject({ node: "n1", evidence: { verdict: "unreachable" } });
  expect((first?.evidence.condemnedAtMs ?? 0) - diedAtMs).toBeLessThanOrEqual(4 * CADENCE_MS);
});

test("a condemned holder is renewed no more, and its condemnation is told again each 15 s while nothing is done about it", async () => {
  const rig = await startWatching({}, { regions: [HOME] });
  rig.network.killNode("n1");
  await rig.clock.advance(5_000);
  const renewal = async () => {
    const found = await rig.network.registry().read("lease", ROLE);
    return found.kind === "found" ? found.value.renewal : -1;
  };
  const before = await renewal();
  await rig.clock.advance(40_000);
  expect(await renewal()).toBe(before);
  expect(condemned(rig)).toHaveLength(3);
});

test("one observer blind: it says so itself, and condemns nobody", async () => {
  const rig = await startWatching();
  rig.network.blindRegion(HOME);
  await rig.clock.advance(60_000);
  expect(await verdictOf(rig, "n1", HOME)).toMatchObject({ kind: "unreachable", confirmed: true });
  expect(await verdictOf(rig, "n1", AWAY)).toMatchObject({ kind: "healthy" });
  expect(condemned(rig)).toEqual([]);
});

test("both observers cut off from the primary, whose peers still see it: not condemned", async () => {
  const rig = await startWatching();
  for (const region of [HOME, AWAY]) rig.network.blindRegion(region, "n1");
  await rig.clock.advance(15_000);
  expect(condemned(rig)).toEqual([]);
});

test("one Region is lost and the primary with it: the other Region and the peers' agents condemn", async () => {
  const rig = await startWatching({}, { regions: [AWAY] });
  rig.network.killHost("n1");
  await rig.clock.advance(6_000);
  expect(condemned(rig)[0]).toMatchObject({ node: "n1" });
});

test("a rogue node far ahead is called lying, and condemns nobody else", async () => {
  const rig = await startWatching();
  rig.network.node("n3").boastedBlocks = 1_000;
  await rig.clock.advance(30_000);
  expect(await verdictOf(rig, "n3")).toMatchObject({ kind: "lying", confirmed: true });
  for (const node of ["n1", "n2", "n4"]) expect(await verdictOf(rig, node)).toMatchObject({ kind: "healthy" });
  expect(condemned(rig)).toEqual([]);
});

test("every validator stops: the network is halted, and nobody is condemned", async () => {
  const rig = await startWatching();
  for (const node of rig.network.nodes.values()) node.validator = "paused";
  await rig.clock.advance(60_000);
  expect(rig.network.published("failover.network-state-changed").at(-1)?.detail).toMatchObject({ to: "halted" });
  expect(condemned(rig)).toEqual([]);
});

test("only the holder's validator stops: every head stands still, and the holder is condemned as stalled", async () => {
  const rig = await startWatching();
  rig.network.node("n1").validator = "paused";
  await rig.clock.advance(15_000);
  expect(condemned(rig)[0]).toMatchObject({ node: "n1", evidence: { verdict: "stalled" } });
  expect(condemned(rig)[0]?.evidence.reason).toContain("has not asked its agent");
});

test("a node on another chain is foreign at first sight", async () => {
  const rig = await startWatching();
  rig.network.node("n4").chainId = 1;
  await rig.clock.advance(2 * CADENCE_MS);
  expect(await verdictOf(rig, "n4")).toMatchObject({ kind: "foreign", confirmed: true });
});

test("a primary that the others do not see, and that still signs, is condemned by them", async () => {
  const rig = await startWatching();
  Object.assign(rig.network.node("n1"), { cutOff: true, downSinceMs: rig.clock.monotonicMs() });
  await rig.clock.advance(20_000);
  expect(rig.network.published("failover.network-state-changed").map(({ detail }) => detail.to)).toContain("partitioned");
  expect(condemned(rig)[0]).toMatchObject({ node: "n1", evidence: { verdict: "lying" } });
});

test("losing one Region's watcher costs the holder no slot", async () => {
  const rig = await startWatching({}, { regions: [HOME] });
  const away = rig.watch(AWAY);
  await rig.clock.advance(20_000);
  const before = signedBy(rig, "n1");
  away.stop();
  rig.network.cutRegistry(AWAY);
  await rig.clock.advance(60_000);
  expect(signedBy(rig, "n1") - before).toBe(60);
});

test("a hung node delays no renewal: the holder signs each slot", async () => {
  const rig = await startWatching();
  for (const node of ["n2", "n3"]) rig.network.killHost(node);
  const before = signedBy(rig, "n1");
  await rig.clock.advance(60_000);
  expect(signedBy(rig, "n1") - before).toBe(60);
});
