/** The supervisor of a validator that cannot ask, over a real gate, with hooks that end when the test says so. */
import { describe, expect, test } from "vitest";
import type { HookName } from "../../agent/config.ts";
import { DUTY_STEP_MS, validatorDuty } from "../../agent/duty.ts";
import type { HookRun, Hooks } from "../../agent/hooks.ts";
import { FleetId, NodeId } from "../../core/kernel/ids.ts";
import { UNBOUNDED_SLOT } from "../../core/kernel/slots.ts";
import { LEASE_MS, ROLE } from "../support/agent-rig.ts";
import { disk, granted } from "../support/gate-disk.ts";

const STOP_MS = 1_000;
const DONE: HookRun = { kind: "done", output: "" };
const never = new AbortController().signal;

/** All that is ready to go on has gone on. */
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

function scriptedHooks() {
  const begun: HookName[] = [];
  const open = new Map<HookName, (run: HookRun) => void>();
  const held = new Set<HookName>();
  const hooks: Hooks = {
    run(name, _facts, giveWay) {
      if (giveWay?.aborted) return Promise.resolve({ kind: "failed", reason: "was not run" });
      begun.push(name);
      if (!held.has(name)) return Promise.resolve(DONE);
      return new Promise((resolve) => {
        open.set(name, resolve);
        giveWay?.addEventListener("abort", () => resolve({ kind: "failed", reason: `killed early: ${giveWay.reason}` }));
      });
    },
  };
  return { hooks, begun, held, end: (name: HookName, run: HookRun = DONE) => open.get(name)?.(run) };
}

function supervised({ throughSlot = 100, head = null as number | null } = {}) {
  const { boot, clock, onDisk } = disk();
  const { gate } = boot();
  const script = scriptedHooks();
  const world = { head };
  const stop = { command: ["stop"], timeoutMs: STOP_MS };
  const log = { decision: () => undefined, warn: () => undefined };
  const config = { fleet: FleetId.parse("testnet"), node: NodeId.parse("n1"), roles: [ROLE], hooks: { start: stop, stop } };
  const duty = validatorDuty({ config, gate, hooks: script.hooks, clock, log, headNow: async () => world.head });
  granted(gate, 1, 0, throughSlot);
  const start = () => duty.inTurn(ROLE, (giveWay) => duty.start(ROLE, 1, giveWay));
  const watermark = () => onDisk().roles.find(({ role }) => role === ROLE)?.watermark;
  return { ...script, duty, gate, clock, world, start, watermark };
}
type Supervised = ReturnType<typeof supervised>;

/** Just when a stop is due: it has all its time, and two steps to begin in. */
const DUE_MS = LEASE_MS - STOP_MS - 2 * DUTY_STEP_MS;

describe("a step", () => {
  test("cuts a start hook short only when the lease leaves no more than a stop takes, whatever it has been renewed to", async () => {
    const { duty, gate, clock, begun, held, start } = supervised();
    held.add("start");
    const started = start();
    await settled();
    clock.set(DUE_MS - 1);
    duty.step();
    granted(gate, 1);
    clock.set(DUE_MS);
    duty.step();
    await settled();
    expect(begun).toEqual(["start"]);
    clock.set(DUE_MS - 1 + DUE_MS);
    duty.step();
    expect(await started).toMatchObject({ kind: "failed", reason: expect.stringContaining("needed for a stop") });
    await settled();
    expect(begun).toEqual(["start", "stop"]);
  });

  test("leaves nothing that was asked for before in front of the stop, be it under way or still waiting", async () => {
    const { duty, clock, begun, held, start } = supervised();
    await start();
    held.add("prepare");
    const prepare = () => duty.inTurn(ROLE, (giveWay) => duty.run("prepare", ROLE, undefined, giveWay));
    const asked = [prepare(), prepare(), start()];
    await settled();
    clock.set(DUE_MS);
    duty.step();
    expect((await Promise.all(asked)).map(({ kind }) => kind)).toEqual(["failed", "failed", "failed"]);
    await settled();
    expect(begun).toEqual(["start", "prepare", "stop"]);
  });

  test("cuts a promote hook short as well, and lets none begin without a lease that outlasts a stop", async () => {
    const { duty, clock, begun, held } = supervised();
    held.add("promote");
    const promote = () => duty.inTurn(ROLE, (giveWay) => duty.promote(ROLE, 1, giveWay));
    const promoted = promote();
    await settled();
    clock.set(DUE_MS);
    duty.step();
    expect(await promoted).toMatchObject({ kind: "failed" });
    expect(await promote()).toMatchObject({ kind: "failed", reason: expect.stringContaining("no longer than a stop takes") });
    expect(begun).toEqual(["promote"]);
  });

  test("runs one stop at a time, and another when that one has failed", async () => {
    const { duty, clock, begun, held, start, end } = supervised();
    await start();
    held.add("stop");
    clock.set(DUE_MS);
    for (let steps = 0; steps < 3; steps += 1) duty.step();
    await settled();
    expect(begun).toEqual(["start", "stop"]);
    end("stop", { kind: "failed", reason: "exit code 1" });
    await settled();
    expect(duty.isRunning(ROLE)).toBe(true);
    duty.step();
    await settled();
    expect(begun).toEqual(["start", "stop", "stop"]);
  });
});

describe("the watermark", () => {
  const stopped = async ({ duty, clock, start }: Supervised) => {
    await start();
    clock.set(DUE_MS);
    duty.step();
    await settled();
  };

  test("covers every granted slot on the disk before the validator counts as stopped", async () => {
    const one = supervised({ throughSlot: 40 });
    await stopped(one);
    expect(one.duty.isRunning(ROLE)).toBe(false);
    expect(one.watermark()).toBe(40);
  });

  test("is raised again for each time that the validator ran", async () => {
    const one = supervised({ throughSlot: UNBOUNDED_SLOT, head: 7 });
    await stopped(one);
    expect(one.watermark()).toBe(7);
    granted(one.gate, 1, 0, UNBOUNDED_SLOT);
    await one.start();
    one.world.head = 9;
    expect(await one.duty.end()).toBeNull();
    expect(one.watermark()).toBe(9);
  });

  test("that could not be raised speaks against every standstill and against a clean end, until it can", async () => {
    const one = supervised({ throughSlot: UNBOUNDED_SLOT });
    await stopped(one);
    expect(one.duty.isRunning(ROLE)).toBe(false);
    const stand = () => one.duty.inTurn(ROLE, () => one.duty.standStill(ROLE));
    expect(await stand()).toMatchObject({ kind: "failed", reason: expect.stringContaining("which height") });
    expect(await one.duty.end()).toContain("which height");
    one.world.head = 9;
    expect(await stand()).toEqual({ kind: "stopped" });
    expect(one.watermark()).toBe(9);
    expect(await one.duty.end()).toBeNull();
  });

  test("covers what a killed boot's validator may have signed on a chain of heights", async () => {
    const one = supervised({ throughSlot: UNBOUNDED_SLOT, head: 9 });
    await one.duty.begin({ closedCleanly: false });
    expect(one.watermark()).toBe(9);
  });
});

describe("the end", () => {
  test("cuts a start hook short, stops what it may have started, and lets nothing begin any more", async () => {
    const { duty, begun, held, start } = supervised();
    held.add("start");
    const started = start();
    await settled();
    expect(await duty.end()).toBeNull();
    expect(await started).toMatchObject({ kind: "failed" });
    expect(await duty.start(ROLE, 1, never)).toMatchObject({ kind: "failed", reason: expect.stringContaining("ending") });
    expect(begun).toEqual(["start", "stop"]);
  });

  test("is not clean while a validator that an earlier boot left cannot be stopped", async () => {
    const { duty, held, end } = supervised();
    held.add("stop");
    const beginning = duty.begin({ closedCleanly: true });
    await settled();
    end("stop", { kind: "failed", reason: "exit code 1" });
    await beginning;
    const ended = duty.end();
    await settled();
    end("stop", { kind: "failed", reason: "exit code 1" });
    expect(await ended).toContain("may still be signing");
  });
});
