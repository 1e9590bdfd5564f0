import { describe, expect, it } from "vitest";
import { GROUP, MINUTE_MS, ScalingStory } from "../support/scaling-group.ts";

/** Four members carry 100 each, and 70 of it are planned with. */
const QUIET = 200;

describe("demand that doubles", () => {
  it("has units started, caught up and serving before it is above what is ready", async () => {
    const story = new ScalingStory();
    for (let minute = 0; minute < 10; minute += 1) await story.minute(QUIET);
    let short = 0;
    for (let minute = 0; minute <= 30; minute += 1) {
      const demand = QUIET + (QUIET * minute) / 15;
      await story.minute(demand);
      if (demand > 100 * (await story.readyNow())) short += 1;
    }
    expect(short).toBe(0);
    expect(await story.readyNow()).toBeGreaterThanOrEqual(9);
    const { starts, tally } = await story.cell();
    expect(starts.length).toBeGreaterThanOrEqual(5);
    expect(tally.shortMinutes).toBe(0);
    expect(story.network.published("scaling.unit-admitted").length).toBeGreaterThanOrEqual(5);
  });

  it("admits no unit that has not caught up, and gives up one that never does", async () => {
    const story = new ScalingStory();
    story.startMinutes = null;
    for (let minute = 0; minute < 5; minute += 1) await story.minute(450);
    expect(await story.readyNow()).toBe(4);
    expect(story.network.published("scaling.unit-abandoned")).toEqual([]);
    for (let minute = 0; minute < 6; minute += 1) await story.minute(450);
    expect(story.network.published("scaling.unit-abandoned").length).toBeGreaterThan(0);
    expect(await story.readyNow()).toBe(4);
  });

  it("journals each change with its reason, its demand and what came of it", async () => {
    const story = new ScalingStory();
    await story.minute(QUIET);
    await story.minute(450);
    const [first, change] = await story.journal();
    expect(first).toMatchObject({ kind: "hold", by: "adaptive" });
    expect(change).toMatchObject({ kind: "out", from: 4, to: 7, demand: 450, carried: 400, outcome: { kind: "done" } });
    expect(change?.reason).toContain("450");
  });
});

describe("a quiet night", () => {
  it("takes units away one by one, after the cooldown, never below the minimum and never while demand is a gap", async () => {
    const story = new ScalingStory({ min: 1 }, { min: 1 });
    for (let minute = 0; minute < 12; minute += 1) await story.minute(620);
    expect(await story.readyNow()).toBe(9);
    for (let minute = 0; minute < 20; minute += 1) await story.minute(null);
    expect(await story.readyNow()).toBe(9);
    const before = story.ready.length;
    for (let minute = 0; minute < 90; minute += 1) await story.minute(50);
    const night = story.ready.slice(before);
    expect(Math.min(...night)).toBe(5);
    expect(night.at(-1)).toBe(5);
    for (const [index, ready] of night.entries()) expect((night[index - 1] ?? 9) - ready).toBeLessThanOrEqual(1);
    const times = (await story.journal()).filter(({ kind }) => kind === "in").map(({ atMs }) => atMs);
    for (const [index, atMs] of times.entries()) if (index > 0) expect(atMs - (times[index - 1] ?? 0)).toBeGreaterThanOrEqual(5 * MINUTE_MS);
  });

  it("keeps a quorum of the role: with members out, units that hold it up stay", async () => {
    const story = new ScalingStory({ cooldownSeconds: 0 });
    for (let minute = 0; minute < 8; minute += 1) await story.minute(400);
    expect(await story.readyNow()).toBe(6);
    const sick = {
      kind: "dead",
      confirmed: true,
      sinceMs: 0,
      atMs: 0,
      reason: "gone",
      head: null,
      lagBlocks: null,
      suspicion: 9,
      flapPenalty: 0,
      sightings: [],
    };
    for (const id of ["n1", "n2", "n3"])
      await story.world.registry.write("verdict", `${id}/us-east-1`, { observer: "us-east-1", node: id, ...sick } as never, "any");
    for (let minute = 0; minute < 20; minute += 1) await story.minute(10);
    /** Four units and the one member that is well are a majority of eight. */
    expect(await story.readyNow()).toBe(4 + 4);
    expect((await story.cell()).latest?.reason).toContain("quorum");
  });
});

describe("the forecast", () => {
  it("starts units before the daily peak once it has seen a day of it, and each decision says so", { timeout: 60_000 }, async () => {
    const story = new ScalingStory({ startSeconds: 300 });
    story.startMinutes = 5;
    const demand = (minute: number): number => 150 + 300 * Math.max(0, Math.sin((2 * Math.PI * (minute - 480)) / 1_440)) ** 2;
    const minutes = 2_640;
    for (let minute = 0; minute < minutes; minute += 1) await story.minute(demand(minute));
    const late = (await story.journal()).filter(({ by, kind }) => by === "forecast" && kind !== "hold");
    expect(late.some(({ kind }) => kind === "out")).toBe(true);
    expect(late.some(({ kind }) => kind === "in")).toBe(true);
    const short = Array.from({ length: minutes - 1_440 }, (_, index) => 1_440 + index).filter(
      (minute) => demand(minute) > 100 * (story.ready[minute] ?? 0),
    );
    expect(short.length / (minutes - 1_440)).toBeLessThanOrEqual(0.001);
    expect((await story.cell()).trust).toMatchObject({ isTrusted: true });
    expect(GROUP).toBe((await story.cell()).group);
  });
});
