/** The right to sign, over the wire: when it is given, when it ends, and what a damaged store does to it. */
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { RunningAgent } from "../../agent/start.ts";
import { agentRig, type Control, LEASE_MS, must, type Rig, ROLE } from "../support/agent-rig.ts";

let rig: Rig;
let agent: RunningAgent;
let control: Control;
beforeEach(async () => {
  rig = await agentRig();
  agent = await rig.start();
  control = rig.control;
});
afterEach(() => rig.end());

describe("the right to sign", () => {
  test("is never given without a grant, after the lease, at or below the watermark, or after a fence", async () => {
    expect(await rig.sign(5)).toMatchObject({ kind: "no" });
    must(await control.grant({ fromSlot: 3, throughSlot: 50 }));
    expect(await rig.sign(2)).toMatchObject({ kind: "no" });
    expect(await rig.sign(5)).toEqual({ kind: "yes", slot: 5, epoch: 1 });
    expect(await rig.sign(5)).toMatchObject({ kind: "no" });
    expect(await rig.sign(51)).toMatchObject({ kind: "no" });
    rig.clock.pass(LEASE_MS);
    expect(await rig.sign(6)).toMatchObject({ kind: "no", reason: expect.stringContaining("lease ended") });
    must(await control.grant({ fromSlot: 3, throughSlot: 50 }));
    expect(await rig.sign(6)).toMatchObject({ kind: "yes" });
    expect(must(await control.fence(1))).toMatchObject({
      kind: "fenced",
      epoch: 1,
      watermark: 6,
      throughSlot: 50,
      checkpoint: { body: { watermark: 6 } },
    });
    expect(await rig.sign(7)).toMatchObject({ kind: "no" });
    expect(await control.grant({ epoch: 1 })).toMatchObject({ kind: "refused", code: "stale-epoch" });
    expect((await control.report()).refused.stale).toBe(1);
  });

  test("survives a clean restart only through a new grant, with the closing record in the report", async () => {
    must(await control.grant());
    expect(await rig.sign(5)).toMatchObject({ kind: "yes" });
    const before = await control.report();
    await rig.stop(agent);
    agent = await rig.start();
    expect(await rig.sign(6)).toMatchObject({ kind: "no" });
    const after = await control.report();
    expect(after.closed?.bootId).toBe(before.boot.bootId);
    expect(after.closed?.storeCounter).toBeGreaterThan(before.boot.storeCounter);
    expect(after.boot.bootId).not.toBe(before.boot.bootId);
    must(await control.grant());
    expect(await rig.sign(5)).toMatchObject({ kind: "no" });
    expect(await rig.sign(6)).toMatchObject({ kind: "yes" });
  });

  test("a planned fence lets the holder sign once more and acknowledges that very slot", async () => {
    must(await control.grant());
    const fenced = control.fence(1, "next-signature");
    // The validator asks each slot as ever; the fence falls behind the first yes.
    let slot = 9;
    const asking = (async () => {
      for (;;) {
        const answer = await rig.sign(++slot);
        if (answer.kind === "no") return slot - 1;
        await rig.clock.sleep(100);
      }
    })();
    expect(must(await fenced).watermark).toBe(await asking);
  });

  test("a planned fence of a silent holder falls after a slot and a half", async () => {
    must(await control.grant());
    expect(must(await control.fence(1, "next-signature"))).toMatchObject({ kind: "fenced", epoch: 1 });
  });

  test("malformed questions are told what is wrong", async () => {
    const response = await fetch(`http://127.0.0.1:${agent.signPort}/v1/sign`, {
      method: "POST",
      body: JSON.stringify({ role: "UPPER", slot: 1.5 }),
    });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ error: expect.stringContaining("slot") });
  });
});

describe("a damaged store", () => {
  test.each(["removed", "edited"])("that was %s is never taken for an empty one: every command is refused, no slot is signed", async (how) => {
    must(await control.grant());
    await rig.stop(agent);
    const { rmSync, readFileSync, writeFileSync } = await import("node:fs");
    const path = `${rig.config.store}/agent-state.json`;
    if (how === "removed") rmSync(path);
    else writeFileSync(path, readFileSync(path, "utf8").replace('"epoch":1', '"epoch":0'));
    agent = await rig.start();
    expect(await control.call({ kind: "report", probe: [] })).toMatchObject({
      kind: "refused",
      code: "store-damaged",
      reason: expect.stringContaining("--initialize"),
    });
    expect(await rig.sign(1)).toMatchObject({ kind: "no", reason: expect.stringContaining("store") });
    await rig.stop(agent);
    agent = await rig.start({ floors: [{ role: ROLE, epoch: 1, slot: 100 }] });
    expect(await control.grant()).toMatchObject({ kind: "refused", code: "stale-epoch" });
    must(await control.grant({ epoch: 2, fromSlot: 101, throughSlot: 200 }));
    expect(await rig.sign(100)).toMatchObject({ kind: "no" });
    expect(await rig.sign(101)).toMatchObject({ kind: "yes" });
  });

  test("a whole store is not initialized anew", async () => {
    await rig.stop(agent);
    agent = await rig.start({ floors: [] });
    expect(await control.call({ kind: "report", probe: [] })).toMatchObject({
      kind: "refused",
      code: "store-damaged",
      reason: expect.stringContaining("is whole"),
    });
  });
});
