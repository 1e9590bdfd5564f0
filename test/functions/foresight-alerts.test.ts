import { beforeEach, describe, expect, it } from "vitest";
import type { Alert } from "../../core/kernel/prediction.ts";
import { lookAhead } from "../../functions/prediction/foreseeing/looking.ts";
import { Foretelling } from "../support/foretelling.ts";
import { noise } from "../support/noise.ts";

const MINUTES = 400;
const wobble = noise("latency", 4_096);
const ordinary = (minute: number): number => 10 + (wobble[minute] ?? 0) / 255;

let told: Foretelling;
let minute: number;
const go = async (count: number, latencyMs: (minute: number) => number | null = ordinary): Promise<void> => {
  for (let passed = 0; passed < count; passed += 1) {
    told.latencyMs = latencyMs(minute);
    await told.minute({});
    minute += 1;
  }
};
const alerts = async (): Promise<Alert[]> => (await told.world.registry.list("alert", { prefix: "n1.", limit: 100 })).map(({ value }) => value);
const published = (name: string) => told.network.published(name).length;

beforeEach(async () => {
  told = new Foretelling({ falseAlarmDays: 10, shiftSeconds: 7_200 });
  minute = 0;
  await told.network.giveLease("n1");
  await go(MINUTES);
});

describe("an alert of a signal", () => {
  it("opens once however long the trouble lasts, explains itself, and is over after the stated calm", async () => {
    const before = await alerts();
    await go(10, () => 400);
    const [alert] = (await alerts()).filter(({ id }) => !before.some((each) => each.id === id));
    expect(alert).toMatchObject({ node: "n1", signal: "latencyMs", value: 400, resolvedAtMs: null });
    expect(alert?.band.high).toBeLessThan(100);
    expect(alert?.reason.length).toBeGreaterThan(10);
    expect(published("prediction.alert-opened")).toBe(before.length + 1);
    await go(30);
    expect((await alerts()).filter(({ resolvedAtMs }) => resolvedAtMs === null)).toEqual([]);
    expect(published("prediction.alert-resolved")).toBe(before.length + 1);
  });

  it("lasts as long as the signal stays where it was not expected, and no longer than a new level needs to be normal", async () => {
    await go(60, () => 400);
    const open = async () => (await alerts()).filter(({ signal, resolvedAtMs }) => signal === "latencyMs" && resolvedAtMs === null);
    expect(await open()).toHaveLength(1);
    await go(90, () => 400);
    expect(await open()).toHaveLength(0);
  });

  it("warns of the node at most, and moves nothing", async () => {
    await go(20, () => 400);
    expect(told.steps.filter((step) => step.includes("drain") || step.includes("hand-over"))).toEqual([]);
    const foreseen = await told.world.registry.read("foreseen", "n1");
    expect(foreseen.kind === "found" && foreseen.value.latest).toMatchObject({ by: "thresholds", reason: expect.stringContaining("latencyMs") });
  });

  it("does not open where nothing is measured", async () => {
    const before = published("prediction.alert-opened");
    await go(60, () => null);
    expect(published("prediction.alert-opened")).toBe(before);
  });

  it("hears an operator's label once", async () => {
    await go(3, () => 400);
    const [alert] = await alerts();
    if (alert === undefined) throw new Error("no alert was opened");
    const label = { real: false, by: "anna", atMs: told.world.clock.wallMs(), heard: false };
    await told.world.registry.write("alert", alert.id, { ...alert, label }, "any");
    const cell = await told.world.registry.read("openAlerts", "n1");
    if (cell.kind === "absent") throw new Error("no alert is open");
    const labels = [{ alert: alert.id, signal: alert.signal, real: false, atMs: label.atMs }];
    await told.world.registry.write("openAlerts", "n1", { ...cell.value, labels }, "any");
    await go(1);
    expect((await alerts()).find(({ id }) => id === alert.id)?.label).toEqual({ ...label, heard: true });
  });

  it("is judged by another process as by this one: what was learned is read with the vitals since", async () => {
    await go(3, () => 400);
    const here = (await alerts()).filter(({ resolvedAtMs }) => resolvedAtMs === null);
    const anew = { ...told.world };
    await told.network.clock.advance(1_000);
    await lookAhead(anew);
    expect((await alerts()).filter(({ resolvedAtMs }) => resolvedAtMs === null)).toEqual(here);
  });
});
