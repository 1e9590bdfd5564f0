import { describe, expect, it } from "vitest";
import { weighCapacity } from "../../functions/scaling/weighing/weighing.ts";
import { AWAY } from "../support/fake-fleet-file.ts";
import { GROUP, MINUTE_MS, ScalingStory } from "../support/scaling-group.ts";

/** Four members carry 100 each, and 70 of it are planned with. */
const QUIET = 200;
const changes = async (story: ScalingStory) =>
  (await story.journal()).filter(({ kind }) => kind !== "hold").map(({ kind, from, to }) => `${kind} ${from}>${to}`);

describe("a member that observers do not agree on", () => {
  const says = (node: string, observer: string, kind: string) => ({
    ...{
      observer,
      node,
      kind,
      confirmed: true,
      sinceMs: 0,
      atMs: 0,
      reason: kind,
      head: null,
      lagBlocks: null,
      suspicion: 0,
      flapPenalty: 0,
      sightings: [],
    },
  });
  const heard = async (...kinds: string[]) => {
    const story = new ScalingStory();
    for (const [index, kind] of kinds.entries()) {
      const observer = ["us-east-1", AWAY][index] ?? "";
      await story.world.registry.write("verdict", `n1/${observer}`, says("n1", observer, kind) as never, "any");
    }
    await story.minute(250);
    return (await story.cell()).latest;
  };

  it("still carries its share by one observer's doubt, and no more by both", async () => {
    expect(await heard("unreachable", "healthy")).toMatchObject({ kind: "hold", carried: 400 });
    expect(await heard("unreachable", "unreachable")).toMatchObject({ kind: "out", from: 3, to: 4, carried: 300 });
  });
});

describe("a group", () => {
  it("has one execution at a time: of two starts at once one goes on, and nothing is ordered twice", async () => {
    const story = new ScalingStory();
    await story.minute(QUIET);
    await story.network.clock.advance(MINUTE_MS);
    await story.sayDemand(450);
    const ends = await Promise.all([story.start("schedule"), story.start("alarm"), story.start("hand")]);
    expect(ends).toContain("ended");
    expect(await changes(story)).toEqual(["out 4>7"]);
    expect(await story.capacity.look()).toMatchObject({ desired: 3 });
  });

  it("is not taken from an execution that is at it, until that one's time is over", async () => {
    const story = new ScalingStory();
    const stuck = { fleet: story.network.fleet.fleet, group: GROUP, execution: "arn:stuck", trigger: "schedule", waitedSeconds: 0 } as const;
    await weighCapacity(story.world, stuck);
    expect(await story.start("schedule")).toBe("waits");
    expect(await story.start("schedule", story.world, 60)).toBe("stale");
    await story.network.clock.advance(2 * MINUTE_MS);
    expect(await story.start("alarm")).toBe("stale");
    await story.network.clock.advance(2 * MINUTE_MS);
    expect(await story.start("schedule")).toBe("ended");
  });

  it("is decided in one Region, and in another when that one is silent for three minutes", async () => {
    const story = new ScalingStory();
    await story.minute(QUIET);
    expect(await story.start("schedule", story.worldIn(AWAY))).toBe("stale");
    await story.network.clock.advance(4 * MINUTE_MS);
    expect(await story.start("schedule", story.worldIn(AWAY))).toBe("ended");
    expect((await story.cell()).region).toBe(AWAY);
  });

  it("is decided on before its time by an alarm, and not by the clock", async () => {
    const story = new ScalingStory({ everySeconds: 600 });
    await story.minute(QUIET);
    await story.minute(450);
    expect(await changes(story)).toEqual([]);
    await story.start("alarm");
    expect(await changes(story)).toEqual(["out 4>7"]);
  });

  it.each(["shadow", "recommend", "approve"] as const)("moves nothing in mode %s, and says once what it would do", async (mode) => {
    const story = new ScalingStory({ mode });
    for (let minute = 0; minute < 5; minute += 1) await story.minute(450);
    expect(await story.capacity.look()).toMatchObject({ desired: 0, units: [] });
    expect(story.network.published("scaling.change-decided")).toHaveLength(mode === "shadow" ? 0 : 1);
    expect(await changes(story)).toEqual(["out 4>7"]);
  });

  it("moves once a person has approved, and once only", async () => {
    const story = new ScalingStory({ mode: "approve" });
    await story.minute(450);
    const { registry, clock } = story.world;
    await registry.write("scalingCell", GROUP, { ...(await story.cell()), approved: { kind: "out", by: "anna", atMs: clock.wallMs() } }, "any");
    await story.minute(450);
    expect(await story.capacity.look()).toMatchObject({ desired: 3 });
    expect((await story.cell()).approved).toBeNull();
    for (let minute = 0; minute < 5; minute += 1) await story.minute(900);
    expect(await story.capacity.look()).toMatchObject({ desired: 3 });
  });

  it("that cannot be looked at is left alone, and given back", async () => {
    const story = new ScalingStory();
    const world = {
      ...story.world,
      capacity: () => ({ ...story.capacity, look: async () => ({ kind: "unreachable" as const, reason: "no answer" }) }),
    };
    expect(await story.start("schedule", world)).toBe("ended");
    expect((await story.cell()).owner).toBeNull();
  });
});
