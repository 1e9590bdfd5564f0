/** One run after another: taking over, going on from what was known, and what is looked after beside the verdicts. */
import { afterEach, expect, test } from "vitest";
import { beat, shardsOf, takeShard } from "../../functions/failover/watching/shard.ts";
import { FakeFleet } from "../support/fake-fleet.ts";
import { AWAY, HOME, ROLE } from "../support/fake-fleet-file.ts";
import { manualClock } from "../support/manual-clock.ts";
import { CADENCE_MS, condemned, endRuns, signedBy, startWatching, verdictOf } from "../support/watch-rig.ts";

afterEach(endRuns);

test("a newer run takes over with no gap in looking, and the older one ends", async () => {
  const rig = await startWatching({}, { regions: [] });
  const older = rig.watch(HOME, "older");
  await rig.clock.advance(20_000);
  rig.watch(HOME, "newer");
  await rig.clock.advance(20_000);
  expect(await older.ended).toMatchObject({ reason: "a newer run watches", epoch: 1 });
  const looks = rig.network.looks.filter(({ node }) => node === "n2").map(({ atMs }) => atMs);
  const gaps = looks.slice(1).map((atMs, index) => atMs - (looks[index] ?? atMs));
  expect(Math.max(...gaps)).toBeLessThanOrEqual(2 * CADENCE_MS);
  const cell = await rig.network.registry().read("shard", `${HOME}/0`);
  expect(cell).toMatchObject({ kind: "found", value: { epoch: 2, owner: "newer" } });
  expect(rig.network.published("failover.shard-taken").map(({ detail }) => detail.gapMs)).toEqual([null, 0]);
});

test("a node's health survives the change of runs: a dead node is not called healthy in between", async () => {
  const rig = await startWatching({}, { regions: [HOME] });
  rig.network.killNode("n2");
  await rig.clock.advance(5_000);
  const changes = () => rig.network.published("failover.verdict-changed").filter(({ detail }) => detail.node === "n2").length;
  const before = changes();
  const sinceMs = (await verdictOf(rig, "n2"))?.sinceMs;
  rig.watch(HOME, "newer");
  await rig.clock.advance(20_000);
  expect(changes()).toBe(before);
  expect(await verdictOf(rig, "n2")).toMatchObject({ kind: "dead", confirmed: true, sinceMs });
});

test("a watcher whose process was paused holds the time against nobody, not even against a node that misses the next probe", async () => {
  const rig = await startWatching();
  rig.network.node("n2").manner = "hanging";
  rig.clock.freeze(30_000);
  await rig.clock.advance(1_300);
  rig.network.node("n2").manner = "up";
  await rig.clock.advance(5_000);
  expect(rig.network.published("failover.verdict-changed").filter(({ detail }) => detail.to !== "healthy")).toEqual([]);
  expect(condemned(rig)).toEqual([]);
});

test("an older run goes on until the newer one has beaten, and writes into the cell no more", async () => {
  const clock = manualClock();
  const network = new FakeFleet(clock);
  const world = network.world(HOME);
  const [plan] = shardsOf(network.fleet);
  if (!plan) throw new Error("a fleet has a shard");
  const older = await takeShard(world, plan, "older");
  expect(await beat(world.registry, older, "live", clock.wallMs())).toBe("mine");
  await clock.advance(1_000);
  const newer = await takeShard(world, plan, "newer");
  expect(await beat(world.registry, older, "live", clock.wallMs())).toBe("taken");
  expect(await beat(world.registry, newer, "live", clock.wallMs())).toBe("mine");
  expect(await beat(world.registry, older, "live", clock.wallMs())).toBe("superseded");
  expect(await world.registry.read("shard", `${HOME}/0`)).toMatchObject({ value: { owner: "newer", epoch: 2 } });
});

test("a role without a lease, or with one from another table, is unheld", async () => {
  const none = await startWatching({}, { lease: null, regions: [HOME] });
  expect(none.network.published("failover.role-unheld")[0]?.detail).toMatchObject({ role: ROLE, kind: "establish" });
  const rig = await startWatching({}, { regions: [HOME] });
  const found = await rig.network.registry().read("lease", ROLE);
  if (found.kind !== "found") throw new Error("no lease");
  await rig.network.registry().write("lease", ROLE, { ...found.value, registry: "restored" }, "any");
  await rig.clock.advance(3_000);
  expect(rig.network.published("failover.role-unheld")[0]?.detail.reason).toContain("restored");
});

test("a lease item put back from an older copy is noticed by what the agents say", async () => {
  const rig = await startWatching({}, { regions: [HOME] });
  const found = await rig.network.registry().read("lease", ROLE);
  if (found.kind !== "found") throw new Error("no lease");
  await rig.clock.advance(10_000);
  await rig.network.registry().write("lease", ROLE, found.value, "any");
  await rig.clock.advance(3_000);
  expect(rig.network.published("failover.role-unheld")[0]?.detail).toMatchObject({ kind: "establish" });
});

test("a lease that nobody can renew any more is told as lapsed, once it has run out, and not while somebody renews it", async () => {
  const rig = await startWatching({}, { regions: [HOME] });
  await rig.clock.advance(30_000);
  expect(rig.network.published("failover.role-unheld")).toEqual([]);
  rig.network.node("n1").agent = "hanging";
  await rig.clock.advance(9_000);
  expect(rig.network.published("failover.role-unheld")).toEqual([]);
  await rig.clock.advance(8_000);
  const found = await rig.network.registry().read("lease", ROLE);
  if (found.kind !== "found") throw new Error("no lease");
  const { epoch, renewal } = found.value;
  expect(rig.network.published("failover.role-unheld")[0]?.detail).toMatchObject({ role: ROLE, kind: "lapsed", lapsed: { epoch, renewal } });
});

test("a registry that does not answer is no lease that lapsed", async () => {
  const rig = await startWatching({}, { regions: [HOME, AWAY] });
  rig.network.cutRegistry(HOME);
  await rig.clock.advance(30_000);
  expect(rig.network.published("failover.role-unheld")).toEqual([]);
});

test("a takeover that was left past its deadline is told as abandoned", async () => {
  const rig = await startWatching({}, { regions: [HOME] });
  const found = await rig.network.registry().read("lease", ROLE);
  if (found.kind !== "found") throw new Error("no lease");
  const atMs = rig.clock.wallMs();
  const revocation = {
    owner: "execution-1",
    incident: "primary-20261124T000000000" as never,
    markedAtMs: atMs,
    deadlineMs: atMs + 5_000,
    cleared: null,
  };
  await rig.network.registry().write("lease", ROLE, { ...found.value, state: "revoking", revocation }, "any");
  await rig.clock.advance(8_000);
  expect(rig.network.published("failover.role-unheld")).toEqual([]);
  await rig.clock.advance(25_000);
  expect(rig.network.published("failover.role-unheld")[0]?.detail).toMatchObject({ role: ROLE, kind: "abandoned" });
});

test("the old holder that comes back is told to give its epoch up, once, and is readmitted when it has proven itself", async () => {
  const rig = await startWatching({}, { regions: [HOME, AWAY] });
  rig.network.killHost("n1");
  await rig.clock.advance(20_000);
  await rig.network.giveLease("n2", 2);
  const standing = { node: "n1" as never, standing: "out" as const, sinceMs: rig.clock.wallMs(), incident: null, reason: "condemned" };
  await rig.network.registry().write("standing", "n1", standing, "any");
  await rig.clock.advance(20_000);
  expect(rig.network.published("failover.node-readmitted")).toEqual([]);
  Object.assign(rig.network.node("n1"), { manner: "up", agent: "up", validator: "running" });
  await rig.clock.advance(60_000);
  const old = rig.network.node("n1");
  expect(old.stored.fencedThrough).toBe(1);
  expect(old.demoted.length).toBeGreaterThanOrEqual(1);
  expect(old.demoted.length).toBeLessThanOrEqual(2);
  expect(rig.network.published("failover.node-readmitted")).toHaveLength(1);
  expect(await rig.network.registry().read("standing", "n1")).toMatchObject({ kind: "found", value: { standing: "member" } });
  expect(signedBy(rig, "n2")).toBeGreaterThan(30);
});

test("the holder's newest state is kept, and grows with its watermark", async () => {
  const rig = await startWatching();
  const kept = async () => {
    const found = await rig.network.registry().read("checkpoint", ROLE);
    return found.kind === "found" ? found.value.body.watermark : -1;
  };
  const first = await kept();
  await rig.clock.advance(20_000);
  expect(await kept()).toBeGreaterThan(first + 10);
});

test("verdicts carry what this process has seen of the lease, for whoever waits it out", async () => {
  const rig = await startWatching({}, { regions: [HOME] });
  rig.network.killHost("n1");
  await rig.clock.advance(20_000);
  const [sighting] = (await verdictOf(rig, "n1"))?.sightings ?? [];
  expect(sighting).toMatchObject({ role: ROLE, epoch: 1 });
  expect(sighting?.seenForMs).toBeGreaterThan(12_000);
});

test("a registry that cannot be reached stops no watching, and what is told afterwards is the news", async () => {
  const rig = await startWatching({}, { regions: [HOME] });
  rig.network.cutRegistry(HOME);
  const looks = () => rig.network.looks.length;
  const before = looks();
  await rig.clock.advance(20_000);
  expect(looks() - before).toBeGreaterThanOrEqual(4 * 19);
  expect(rig.network.warnings.length).toBeGreaterThan(0);
});

test("a run ends by itself before its time is up, and leaves its windows to the next", async () => {
  const rig = await startWatching({}, { regions: [] });
  const beganMs = rig.clock.wallMs();
  const run = rig.watch(HOME, "short", () => 30_000 - (rig.clock.wallMs() - beganMs));
  await rig.clock.advance(30_000);
  expect(await run.ended).toMatchObject({ reason: "its time is used up" });
  expect(await rig.network.registry().read("window", `${HOME}/n1`)).toMatchObject({ kind: "found" });
});
