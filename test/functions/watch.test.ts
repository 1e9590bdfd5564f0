/** Watching as a whole, on a network in memory and a clock turned by hand: what two Regions' watchers see, write and say. */
import { afterEach, expect, test } from "vitest";
import type { Evidence } from "../../core/kernel/incident.ts";
import { shardsOf } from "../../functions/failover/watching/shard.ts";
import { type Watched, watchShard } from "../../functions/failover/watching/watch.ts";
import { FakeFleet } from "../support/fake-fleet.ts";
import { AWAY, HOME, ROLE } from "../support/fake-fleet-file.ts";
import { type ManualClock, manualClock } from "../support/manual-clock.ts";

const CADENCE_MS = 1_000;

type Rig = { clock: ManualClock; network: FakeFleet; watch(region: string, owner?: string, remainingMs?: () => number): Run };
type Run = { readonly ended: Promise<Watched>; stop(): void };
const open: { stop(): void; rig: Rig; ended: Promise<unknown>[]; stopNetwork: AbortController }[] = [];

/** Every run is brought to its end, so that no test leaves a sleeper behind. */
afterEach(async () => {
  for (const { stop, rig, ended, stopNetwork } of open.splice(0)) {
    stop();
    stopNetwork.abort();
    await rig.clock.advance(20_000);
    await Promise.all(ended);
  }
});

async function start(
  options: ConstructorParameters<typeof FakeFleet>[1] = {},
  given: { lease?: string | null; regions?: readonly string[] } = {},
): Promise<Rig> {
  const clock = manualClock();
  const network = new FakeFleet(clock, options);
  const stopNetwork = new AbortController();
  const stops: (() => void)[] = [];
  const ended: Promise<unknown>[] = [network.run(stopNetwork.signal)];
  const rig: Rig = {
    clock,
    network,
    watch(region, owner = `${region}-1`, remainingMs = () => 900_000) {
      let stopped = false;
      const [plan] = shardsOf(network.fleet);
      if (!plan) throw new Error("a fleet has a shard");
      const run = watchShard(network.world(region), plan, owner, { remainingMs: () => (stopped ? 0 : remainingMs()) });
      ended.push(run);
      const stop = () => {
        stopped = true;
      };
      stops.push(stop);
      return { ended: run, stop };
    },
  };
  open.push({ stop: () => void stops.map((stop) => stop()), rig, ended, stopNetwork });
  if (given.lease !== null) await network.giveLease(given.lease ?? "n1");
  for (const region of given.regions ?? [HOME, AWAY]) rig.watch(region);
  await clock.advance(12_000);
  return rig;
}

const condemned = (rig: Rig) =>
  rig.network.published("failover.node-condemned").map(({ detail }) => detail as { node: string; role: string; evidence: Evidence });
const verdictOf = async (rig: Rig, node: string, region = HOME) => {
  const found = await rig.network.registry().read("verdict", `${node}/${region}`);
  return found.kind === "found" ? found.value : undefined;
};
const signedBy = (rig: Rig, node: string) => rig.network.signatures.filter((each) => each.node === node).length;

test("a healthy fleet: every node healthy in both Regions, the holder signs each slot, nobody is condemned", async () => {
  const rig = await start();
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
  const rig = await start();
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
  const rig = await start();
  const diedAtMs = rig.clock.wallMs();
  rig.network.killHost("n1");
  await rig.clock.advance(5 * CADENCE_MS);
  const [first] = condemned(rig);
  expect(first).toMatchObject({ node: "n1", evidence: { verdict: "unreachable" } });
  expect((first?.evidence.condemnedAtMs ?? 0) - diedAtMs).toBeLessThanOrEqual(4 * CADENCE_MS);
});

test("a condemned holder is renewed no more, and its condemnation is told again each 15 s while nothing is done about it", async () => {
  const rig = await start({}, { regions: [HOME] });
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
  const rig = await start();
  rig.network.blindRegion(HOME);
  await rig.clock.advance(60_000);
  expect(await verdictOf(rig, "n1", HOME)).toMatchObject({ kind: "unreachable", confirmed: true });
  expect(await verdictOf(rig, "n1", AWAY)).toMatchObject({ kind: "healthy" });
  expect(condemned(rig)).toEqual([]);
});

test("both observers cut off from the primary, whose peers still see it: not condemned", async () => {
  const rig = await start();
  for (const region of [HOME, AWAY]) rig.network.blindRegion(region, "n1");
  await rig.clock.advance(15_000);
  expect(condemned(rig)).toEqual([]);
});

test("one Region is lost and the primary with it: the other Region and the peers' agents condemn", async () => {
  const rig = await start({}, { regions: [AWAY] });
  rig.network.killHost("n1");
  await rig.clock.advance(6_000);
  expect(condemned(rig)[0]).toMatchObject({ node: "n1" });
});

test("a rogue node far ahead is called lying, and condemns nobody else", async () => {
  const rig = await start();
  rig.network.node("n3").boastedBlocks = 1_000;
  await rig.clock.advance(30_000);
  expect(await verdictOf(rig, "n3")).toMatchObject({ kind: "lying", confirmed: true });
  for (const node of ["n1", "n2", "n4"]) expect(await verdictOf(rig, node)).toMatchObject({ kind: "healthy" });
  expect(condemned(rig)).toEqual([]);
});

test("every validator stops: the network is halted, and nobody is condemned", async () => {
  const rig = await start();
  for (const node of rig.network.nodes.values()) node.validator = "paused";
  await rig.clock.advance(60_000);
  expect(rig.network.published("failover.network-state-changed").at(-1)?.detail).toMatchObject({ to: "halted" });
  expect(condemned(rig)).toEqual([]);
});

test("only the holder's validator stops: every head stands still, and the holder is condemned as stalled", async () => {
  const rig = await start();
  rig.network.node("n1").validator = "paused";
  await rig.clock.advance(15_000);
  expect(condemned(rig)[0]).toMatchObject({ node: "n1", evidence: { verdict: "stalled" } });
  expect(condemned(rig)[0]?.evidence.reason).toContain("has not asked its agent");
});

test("a node on another chain is foreign at first sight", async () => {
  const rig = await start();
  rig.network.node("n4").chainId = 1;
  await rig.clock.advance(2 * CADENCE_MS);
  expect(await verdictOf(rig, "n4")).toMatchObject({ kind: "foreign", confirmed: true });
});

test("a primary that the others do not see, and that still signs, is condemned by them", async () => {
  const rig = await start();
  Object.assign(rig.network.node("n1"), { cutOff: true, downSinceMs: rig.clock.monotonicMs() });
  await rig.clock.advance(20_000);
  expect(rig.network.published("failover.network-state-changed").map(({ detail }) => detail.to)).toContain("partitioned");
  expect(condemned(rig)[0]).toMatchObject({ node: "n1", evidence: { verdict: "lying" } });
});

test("losing one Region's watcher costs the holder no slot", async () => {
  const rig = await start({}, { regions: [HOME] });
  const away = rig.watch(AWAY);
  await rig.clock.advance(20_000);
  const before = signedBy(rig, "n1");
  away.stop();
  rig.network.cutRegistry(AWAY);
  await rig.clock.advance(60_000);
  expect(signedBy(rig, "n1") - before).toBe(60);
});

test("a hung node delays no renewal: the holder signs each slot", async () => {
  const rig = await start();
  for (const node of ["n2", "n3"]) rig.network.killHost(node);
  const before = signedBy(rig, "n1");
  await rig.clock.advance(60_000);
  expect(signedBy(rig, "n1") - before).toBe(60);
});

test("a newer run takes over with no gap in looking, and the older one ends", async () => {
  const rig = await start({}, { regions: [] });
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
  const rig = await start({}, { regions: [HOME] });
  rig.network.killNode("n2");
  await rig.clock.advance(5_000);
  const changes = () => rig.network.published("failover.verdict-changed").filter(({ detail }) => detail.node === "n2").length;
  const before = changes();
  rig.watch(HOME, "newer");
  await rig.clock.advance(20_000);
  expect(changes()).toBe(before);
  expect(await verdictOf(rig, "n2")).toMatchObject({ kind: "dead", confirmed: true });
});

test("a watcher whose process was paused holds the time against nobody", async () => {
  const rig = await start();
  rig.clock.freeze(30_000);
  await rig.clock.advance(5_000);
  expect(rig.network.published("failover.verdict-changed").filter(({ detail }) => detail.to !== "healthy")).toEqual([]);
  expect(condemned(rig)).toEqual([]);
});

test("a role without a lease, or with one from another table, is unheld", async () => {
  const none = await start({}, { lease: null, regions: [HOME] });
  expect(none.network.published("failover.role-unheld")[0]?.detail).toMatchObject({ role: ROLE, kind: "establish" });
  const rig = await start({}, { regions: [HOME] });
  const found = await rig.network.registry().read("lease", ROLE);
  if (found.kind !== "found") throw new Error("no lease");
  await rig.network.registry().write("lease", ROLE, { ...found.value, registry: "restored" }, "any");
  await rig.clock.advance(3_000);
  expect(rig.network.published("failover.role-unheld")[0]?.detail.reason).toContain("restored");
});

test("a lease item put back from an older copy is noticed by what the agents say", async () => {
  const rig = await start({}, { regions: [HOME] });
  const found = await rig.network.registry().read("lease", ROLE);
  if (found.kind !== "found") throw new Error("no lease");
  await rig.clock.advance(10_000);
  await rig.network.registry().write("lease", ROLE, found.value, "any");
  await rig.clock.advance(3_000);
  expect(rig.network.published("failover.role-unheld")[0]?.detail).toMatchObject({ kind: "establish" });
});

test("a takeover that was left past its deadline is told as abandoned", async () => {
  const rig = await start({}, { regions: [HOME] });
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
  const rig = await start({}, { regions: [HOME, AWAY] });
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
  const rig = await start();
  const kept = async () => {
    const found = await rig.network.registry().read("checkpoint", ROLE);
    return found.kind === "found" ? found.value.body.watermark : -1;
  };
  const first = await kept();
  await rig.clock.advance(20_000);
  expect(await kept()).toBeGreaterThan(first + 10);
});

test("verdicts carry what this process has seen of the lease, for whoever waits it out", async () => {
  const rig = await start({}, { regions: [HOME] });
  rig.network.killHost("n1");
  await rig.clock.advance(20_000);
  const [sighting] = (await verdictOf(rig, "n1"))?.sightings ?? [];
  expect(sighting).toMatchObject({ role: ROLE, epoch: 1 });
  expect(sighting?.seenForMs).toBeGreaterThan(12_000);
});

test("a registry that cannot be reached stops no watching, and what is told afterwards is the news", async () => {
  const rig = await start({}, { regions: [HOME] });
  rig.network.cutRegistry(HOME);
  const looks = () => rig.network.looks.length;
  const before = looks();
  await rig.clock.advance(20_000);
  expect(looks() - before).toBeGreaterThanOrEqual(4 * 19);
  expect(rig.network.warnings.length).toBeGreaterThan(0);
});

test("a run ends by itself before its time is up, and leaves its windows to the next", async () => {
  const rig = await start({}, { regions: [] });
  const beganMs = rig.clock.wallMs();
  const run = rig.watch(HOME, "short", () => 30_000 - (rig.clock.wallMs() - beganMs));
  await rig.clock.advance(30_000);
  expect(await run.ended).toMatchObject({ reason: "its time is used up" });
  expect(await rig.network.registry().read("window", `${HOME}/n1`)).toMatchObject({ kind: "found" });
});
