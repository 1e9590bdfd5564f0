/** Laws of the gate, over its real store on a real disk and a clock that the test sets. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { RoleName } from "../../core/kernel/ids.ts";
import { LEASE_MS, ROLE } from "../support/agent-rig.ts";
import { disk, granted, grantOf } from "../support/gate-disk.ts";

type Act =
  | { do: "grant"; epoch: number; fromSlot: number; length: number }
  | { do: "fence"; epoch: number }
  | { do: "sign"; slot: number }
  | { do: "pass"; ms: number }
  | { do: "kill" }
  | { do: "restart" };
const epoch = fc.integer({ min: 1, max: 4 });
const act: fc.Arbitrary<Act> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant("grant" as const),
      epoch,
      fromSlot: fc.integer({ min: 0, max: 20 }),
      length: fc.integer({ min: 0, max: 20 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("fence" as const), epoch }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant("sign" as const), slot: fc.integer({ min: 0, max: 40 }) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("pass" as const), ms: fc.integer({ min: 0, max: LEASE_MS }) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("kill" as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("restart" as const) }) },
);

describe("the gate", () => {
  test("says yes only within a granted, unexpired, unfenced range, above every yes before, and after it is on the disk", () => {
    fc.assert(
      fc.property(fc.array(act, { maxLength: 40 }), (acts) => {
        const { boot, clock, onDisk } = disk();
        let { gate } = boot();
        let highestYes = -1;
        let fencedThrough = 0;
        let grants: { epoch: number; from: number; through: number; untilMs: number }[] = [];
        for (const step of acts) {
          if (step.do === "pass") clock.set(clock.wallMs() + step.ms);
          if (step.do === "fence" && gate.fence(ROLE, step.epoch).kind === "done") fencedThrough = Math.max(fencedThrough, step.epoch);
          if (step.do === "kill" || step.do === "restart") {
            if (step.do === "restart") gate.close();
            gate = boot().gate;
            grants = [];
          }
          if (step.do === "grant") {
            const through = step.fromSlot + step.length;
            const untilMs = clock.monotonicMs() + LEASE_MS;
            if (granted(gate, step.epoch, step.fromSlot, through).kind === "done")
              grants.push({ epoch: step.epoch, from: step.fromSlot, through, untilMs });
          }
          if (step.do === "sign") {
            const answer = gate.maySign(ROLE, step.slot);
            if (answer.kind === "no") continue;
            const covering = grants.filter((one) => one.epoch === answer.epoch && clock.monotonicMs() < one.untilMs);
            expect(covering.length).toBeGreaterThan(0);
            expect(grants.some((one) => one.epoch === answer.epoch && step.slot >= one.from)).toBe(true);
            expect(grants.some((one) => one.epoch === answer.epoch && step.slot <= one.through)).toBe(true);
            expect(answer.epoch).toBeGreaterThan(fencedThrough);
            expect(step.slot).toBeGreaterThan(highestYes);
            expect(onDisk().roles[0]?.watermark).toBe(step.slot);
            highestYes = step.slot;
          }
        }
      }),
      { numRuns: 120 },
    );
  });

  test("counts a lease from when the nonce was issued, not from when the grant arrived", () => {
    const { boot, clock } = disk();
    const { gate } = boot();
    const nonce = gate.issueNonce();
    clock.set(LEASE_MS - 1);
    expect(gate.grant(grantOf(1), nonce).kind).toBe("done");
    expect(gate.maySign(ROLE, 1).kind).toBe("yes");
    clock.set(LEASE_MS);
    expect(gate.maySign(ROLE, 2).kind).toBe("no");
  });

  test("takes a nonce once, and none from another boot, none after a fence, and none older than the longest lease", () => {
    const { boot, clock } = disk();
    const first = boot().gate;
    const ofFirst = first.issueNonce();
    const { gate } = boot();
    expect(gate.grant(grantOf(1), ofFirst)).toMatchObject({ kind: "refused", code: "replayed" });
    const used = gate.issueNonce();
    const voided = gate.issueNonce();
    expect(gate.grant(grantOf(1), used).kind).toBe("done");
    expect(gate.grant(grantOf(2), used)).toMatchObject({ kind: "refused", code: "replayed" });
    gate.fence(ROLE, 1);
    expect(gate.grant(grantOf(2), voided)).toMatchObject({ kind: "refused", code: "replayed" });
    const old = gate.issueNonce();
    clock.set(clock.wallMs() + 300_000);
    expect(gate.grant(grantOf(2), old)).toMatchObject({ kind: "refused", code: "replayed" });
  });

  test("has made a fence durable when it acknowledges: the next boot refuses the epoch as well", () => {
    const { boot, onDisk } = disk();
    const { gate } = boot();
    granted(gate, 3);
    expect(gate.fence(ROLE, 3).kind).toBe("done");
    expect(onDisk().roles[0]?.fencedThrough).toBe(3);
    expect(granted(boot().gate, 3)).toMatchObject({ kind: "refused", code: "stale-epoch" });
  });

  test("answers no, refuses, and stays shut once a write has failed", () => {
    const { boot } = disk();
    const { gate } = boot(true);
    expect(granted(gate, 1)).toMatchObject({ kind: "refused", code: "store-damaged" });
    expect(gate.fence(ROLE, 1)).toMatchObject({ kind: "refused", code: "store-damaged" });
    expect(gate.maySign(ROLE, 1)).toMatchObject({ kind: "no", reason: "the disk is full" });
  });

  test("gives a slot up whose lease ends while the watermark is being written", () => {
    const { boot, clock } = disk();
    const { gate } = boot();
    granted(gate, 1);
    // A clock that is read once before the write and then finds the lease over: the disk took that long.
    let reads = 0;
    const start = clock.monotonicMs();
    clock.monotonicMs = () => (++reads <= 2 ? start : start + LEASE_MS);
    expect(gate.maySign(ROLE, 5).kind).toBe("no");
  });

  test("refuses a role that the node is not configured for", () => {
    const { boot } = disk();
    const { gate } = boot();
    const other = RoleName.parse("sequencer");
    expect(gate.grant({ ...grantOf(1), role: other }, gate.issueNonce())).toMatchObject({ code: "wrong-role" });
    expect(gate.fence(other, 1)).toMatchObject({ code: "wrong-role" });
    expect(gate.maySign(other, 1).kind).toBe("no");
  });
});
