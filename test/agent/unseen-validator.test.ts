/**
 * A validator that cannot ask signs unseen: whatever stopped it, all that it may have signed stands in the watermark, and
 * nothing stands in front of its stop. Over real hooks, a real store and the control plane's own adapter.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, describe, expect, test } from "vitest";
import type { RunningAgent } from "../../agent/start.ts";
import { RoleName } from "../../core/kernel/ids.ts";
import { UNBOUNDED_SLOT } from "../../core/kernel/slots.ts";
import { agentRig, answering, LEASE_MS, must, type Rig, ROLE, refusing } from "../support/agent-rig.ts";

const folder = mkdtempSync(join(tmpdir(), "synnergy-unseen-"));
const at = (name: string) => join(folder, name);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const STOP_MS = 2_000;
/** Leaves the supervisor no choice but to stop, while the stop has all its time. */
const NEARLY_OVER_MS = LEASE_MS - STOP_MS;
const HEIGHTS = { chain: { chainId: 31_337, slots: { kind: "height" } } };

let rig: Rig;
let file = "";
let files = 0;
let agent: RunningAgent;
afterEach(() => rig.end());

/** A line for each beginning of a hook, then whatever else the test wants it to do. */
const hook = (then = "true", timeoutMs = STOP_MS) => ({
  command: ["/bin/sh", "-c", `echo "$SYNNERGY_HOOK $SYNNERGY_ROLE" >> ${file}; ${then}`],
  timeoutMs,
});
const lines = () => (existsSync(file) ? readFileSync(file, "utf8").trim().split("\n") : []);
const seen = (line: string) => expect.poll(() => lines().filter((each) => each === line).length, { timeout: 3_000, interval: 20 });

async function begin(hooks: () => Record<string, unknown>, overrides: Record<string, unknown> = {}): Promise<void> {
  files += 1;
  file = at(`hooks-${files}`);
  rig = await agentRig({ hooks: { start: hook(), stop: hook(), ...hooks() }, ...overrides });
  agent = await rig.start();
}

const promote = async (role: RoleName = ROLE, timeoutMs = 5_000) =>
  await rig.control.call<"promote">({ kind: "promote", nonce: (await rig.control.report()).nonce, role, epoch: 1 }, undefined, timeoutMs);

async function holds(throughSlot: number, role: RoleName = ROLE): Promise<void> {
  must(await rig.control.grant({ role, throughSlot }));
  must(await promote(role));
}

async function stepsDown(): Promise<void> {
  rig.clock.pass(NEARLY_OVER_MS);
  await seen("stop validator").toBe(2);
  await expect.poll(() => agent.agent.duty.isRunning(ROLE), { timeout: 3_000 }).toBe(false);
}

describe("what an unseen validator may have signed", () => {
  test("stands in a fence's answer when the agent had stepped it down by itself before: slots", async () => {
    await begin(() => ({}));
    await holds(40);
    await stepsDown();
    expect(must(await rig.control.fence(1)).watermark).toBe(40);
  });

  test("stands in a fence's answer when the agent had stepped it down by itself before: heights", async () => {
    await begin(() => ({}), HEIGHTS);
    rig.world.probe = async () => answering(100);
    await holds(UNBOUNDED_SLOT);
    rig.world.probe = async () => answering(104);
    await stepsDown();
    await expect.poll(() => agent.agent.gate.storedOf(ROLE).watermark, { timeout: 3_000 }).toBe(104);
    rig.world.probe = async () => refusing;
    expect(must(await rig.control.fence(1)).watermark).toBe(104);
  });

  test("is not acknowledged as fenced while its node keeps the height to itself, and is once it answers again", async () => {
    await begin(() => ({}), HEIGHTS);
    await holds(UNBOUNDED_SLOT);
    await stepsDown();
    expect(await rig.control.fence(1)).toMatchObject({ kind: "refused", code: "hook-failed", reason: expect.stringContaining("wait the lease out") });
    rig.world.probe = async () => answering(104);
    expect(must(await rig.control.fence(1)).watermark).toBe(104);
  });

  test("is durable before the closing record is", async () => {
    await begin(() => ({}));
    await holds(40);
    await rig.stop(agent);
    agent = await rig.start();
    const { closed, roles } = await rig.control.report();
    expect(closed).not.toBeNull();
    expect(roles).toMatchObject([{ role: ROLE, watermark: 40 }]);
  });

  test("leaves no closing record where the agent ends and cannot stop it", async () => {
    await begin(() => ({ stop: hook("exit 1") }));
    await holds(40);
    await rig.stop(agent);
    agent = await rig.start();
    expect((await rig.control.report()).closed).toBeNull();
  });

  test("leaves no closing record where the agent ends and the node keeps the height to itself", async () => {
    await begin(() => ({}), HEIGHTS);
    await holds(UNBOUNDED_SLOT);
    await rig.stop(agent);
    agent = await rig.start();
    expect((await rig.control.report()).closed).toBeNull();
  });
});

describe("a stop", () => {
  test("does not wait for a start hook that takes longer than the lease", async () => {
    await begin(() => ({ start: hook("sleep 20", 20_000) }));
    must(await rig.control.grant());
    const promoted = promote();
    await seen("start validator").toBe(1);
    rig.clock.pass(NEARLY_OVER_MS);
    await seen("stop validator").toBe(2);
    expect(await promoted).toMatchObject({ kind: "refused", code: "hook-failed", reason: expect.stringContaining("killed") });
  });

  test("does not wait for a prepare hook", async () => {
    await begin(() => ({ prepare: hook("sleep 20", 20_000) }));
    rig.world.probe = async () => answering(7);
    await holds(40);
    const prepared = rig.control.call<"prepare">({ kind: "prepare", nonce: (await rig.control.report()).nonce, role: ROLE });
    await seen("prepare validator").toBe(1);
    rig.clock.pass(NEARLY_OVER_MS);
    await seen("stop validator").toBe(2);
    expect(must(await prepared)).toMatchObject({ able: false, reason: expect.stringContaining("killed") });
  });

  test("that a fence asks for does not wait for a start hook either", async () => {
    await begin(() => ({ start: hook("sleep 20", 20_000) }));
    must(await rig.control.grant({ throughSlot: 40 }));
    const promoted = promote();
    await seen("start validator").toBe(1);
    expect(must(await rig.control.fence(1)).watermark).toBe(40);
    expect(await promoted).toMatchObject({ kind: "refused" });
  });

  test("of one role does not wait for another role's", async () => {
    const other = RoleName.parse("sequencer");
    const gone = at("gone");
    writeFileSync(gone, "");
    await begin(
      () => ({ stop: hook(`[ $SYNNERGY_ROLE = sequencer ] || until [ -e ${gone} ]; do sleep 0.05; done; echo "ended $SYNNERGY_ROLE" >> ${file}`) }),
      {
        roles: [ROLE, other],
      },
    );
    await holds(40);
    await holds(40, other);
    rmSync(gone);
    rig.clock.pass(NEARLY_OVER_MS);
    await seen("ended sequencer").toBe(2);
    expect(lines().filter((line) => line === "ended validator")).toHaveLength(1);
    expect(rig.world.lines.filter(({ kind }) => kind === "hook-stop-failed")).toEqual([]);
    writeFileSync(gone, "");
  });
});
