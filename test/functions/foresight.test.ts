import { describe, expect, it } from "vitest";
import type { Prediction } from "../../core/kernel/prediction.ts";
import { Foretelling, type MemoryShares } from "../support/foretelling.ts";

const leaking = (minute: number): MemoryShares => ({ n1: Math.min(0.99, 0.3 + 0.015 * minute), n2: 0.4, n3: 0.4, n4: 0.4 });
const calm: MemoryShares = { n1: 0.4, n2: 0.4, n3: 0.4, n4: 0.4 };

async function foreseen(prediction: Record<string, unknown> = {}): Promise<Foretelling> {
  const told = new Foretelling(prediction);
  await told.network.giveLease("n1");
  return told;
}
async function scored(told: Foretelling): Promise<Prediction[]> {
  return (await told.world.registry.list("prediction", { limit: 1_000 })).map(({ value }) => value);
}
const outcomes = async (told: Foretelling) => (await scored(told)).map(({ node, outcome }) => `${node} ${outcome?.kind}`);

describe("a node whose memory leaks", () => {
  it("is warned of, drained and relieved of its role before it dies, in this order, and the fault counts as prevented", async () => {
    const told = await foreseen();
    for (let minute = 0; minute < 44; minute += 1) await told.minute(leaking(minute));
    expect(told.steps).toEqual(["n1 warn", "n1 drain", "n1 hand-over", "n1 end handed-over"]);
    expect([...told.started.values()]).toEqual([
      expect.objectContaining({
        role: "primary",
        cause: "failover.requested",
        event: expect.objectContaining({ kind: "switchover", askFirst: false }),
      }),
    ]);
    await told.minute(leaking(45), ["n1"]);
    expect(new Set(await outcomes(told))).toEqual(new Set(["n1 prevented"]));
    const route = await told.world.registry.read("route", "current");
    expect(route.kind === "found" && route.value.work.find(({ node }) => node === "n1")?.units).toBe(0);
  });

  it("is only warned of in mode recommend, and its death is a hit", async () => {
    const told = await foreseen({ mode: "recommend" });
    for (let minute = 0; minute < 44; minute += 1) await told.minute(leaking(minute));
    await told.minute(leaking(45), ["n1"]);
    expect(told.steps[0]).toBe("n1 warn");
    expect(told.started.size).toBe(0);
    expect(new Set(await outcomes(told))).toEqual(new Set(["n1 hit"]));
  });

  it("asks a person first in mode approve", async () => {
    const told = await foreseen({ mode: "approve" });
    for (let minute = 0; minute < 44; minute += 1) await told.minute(leaking(minute));
    expect([...told.started.values()][0]?.event).toMatchObject({ askFirst: true });
  });

  it("is written down and nothing else in mode shadow", async () => {
    const told = await foreseen({ mode: "shadow" });
    for (let minute = 0; minute < 44; minute += 1) await told.minute(leaking(minute));
    await told.minute(leaking(45), ["n1"]);
    expect(told.steps).toEqual([]);
    expect(new Set(await outcomes(told))).toEqual(new Set(["n1 hit"]));
  });

  it("is left to a person when the role does not come away", async () => {
    const told = await foreseen({ horizonSeconds: 7_200 });
    told.moves = false;
    for (let minute = 0; minute < 46; minute += 1) await told.minute(leaking(minute));
    for (let minute = 0; minute < 20; minute += 1) await told.minute(leaking(46));
    expect(told.steps).toContain("n1 end held");
    expect(told.started.size).toBe(1);
  });
});

describe("a node that recovers", () => {
  it("is left alone: what was begun is cancelled, and the warning counts as a false alarm", async () => {
    const told = await foreseen();
    for (let minute = 0; minute < 10; minute += 1) await told.minute(leaking(minute));
    expect(told.steps).toContain("n1 warn");
    for (let minute = 0; minute < 90; minute += 1) await told.minute(calm);
    expect(told.steps.at(-1)).toBe("n1 end cancelled");
    expect(told.started.size).toBe(0);
    expect(await outcomes(told)).toContain("n1 false-alarm");
  });
});

describe("a storm of predictions", () => {
  it("moves no more than the budget, however many nodes it foretells of", async () => {
    const told = await foreseen({ perHourMax: 1 });
    const all = (minute: number): MemoryShares => Object.fromEntries(["n1", "n2", "n3", "n4"].map((id) => [id, leaking(minute).n1 ?? null]));
    for (let minute = 0; minute < 44; minute += 1) await told.minute(all(minute));
    expect(told.started.size).toBeLessThanOrEqual(1);
    expect(told.steps.filter((step) => step.endsWith("warn"))).toHaveLength(4);
  });
});

describe("foresight", () => {
  it("of two Regions is one's: the other looks on while it beats, and takes over when it is silent", async () => {
    const told = await foreseen();
    await told.minute(calm);
    const { foresight, away } = await elsewhere(told);
    expect(away.decision).toBe("elsewhere");
    expect(foresight.region).toBe("us-east-1");
    await told.network.clock.advance(600_000);
    expect((await elsewhere(told)).away.decision).toBe("looked");
  });

  it("takes what was not measured for a gap: no vitals, no prediction, and no false alarm", async () => {
    const told = await foreseen();
    for (let minute = 0; minute < 90; minute += 1) await told.minute({});
    expect(told.network.published("prediction.node-endangered")).toEqual([]);
    expect(await scored(told)).toEqual([]);
  });
});

async function elsewhere(told: Foretelling) {
  const { lookAhead } = await import("../../functions/prediction/foreseeing/looking.ts");
  const away = await lookAhead(told.network.world("us-west-2"));
  const found = await told.world.registry.read("foresight", "all");
  if (found.kind === "absent") throw new Error("nobody has looked ahead");
  return { away, foresight: found.value };
}
