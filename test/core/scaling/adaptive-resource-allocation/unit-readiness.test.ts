import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { judgeReadiness, type ReadinessFacts } from "../../../../core/scaling/adaptive-resource-allocation/unit-readiness.ts";

const hash = (digit: string): string => `0x${digit.repeat(64)}`;
const GENESIS = hash("0");
const FINAL = { height: 90, hash: hash("a") };
type Answered = Extract<NonNullable<ReadinessFacts["probe"]>, { kind: "answered" }>;
const probeOf = (fields: Partial<Answered> = {}): Answered => ({
  kind: "answered",
  latencyMs: 1,
  chainId: 1,
  genesisHash: GENESIS,
  head: { height: 100, hash: hash("b"), parentHash: hash("c"), timestampS: 1, signer: `0x${"1".repeat(40)}` },
  finalized: FINAL,
  peers: null,
  syncing: null,
  reference: FINAL,
  ...fields,
});
const factsOf = (fields: Partial<ReadinessFacts> = {}): ReadinessFacts => ({
  probe: probeOf(),
  chainId: 1,
  genesisHash: GENESIS,
  fleet: { head: 101, final: FINAL },
  lagBlocksMax: 3,
  sinceMs: 0,
  nowMs: 10_000,
  waitMsMax: 60_000,
  ...fields,
});
const headAt = (height: number): Answered => probeOf({ head: { ...probeOf().head, height } });

describe("a unit that is starting", () => {
  it("serves once it is on our chain, has its final block and is at its head", () => {
    expect(judgeReadiness(factsOf()).verdict).toBe("serves");
  });

  it.each([
    ["is behind", { probe: headAt(97) }, "4 blocks behind"],
    ["is on another chain", { probe: probeOf({ genesisHash: hash("f") }) }, "another chain"],
    ["has another chain's id", { probe: probeOf({ chainId: 2 }) }, "another chain"],
    ["has not the final block", { probe: probeOf({ reference: null }) }, "does not have block 90"],
    ["has another final block", { probe: probeOf({ reference: { height: 90, hash: hash("e") } }) }, "another block 90"],
    ["does not answer", { probe: { kind: "refused", latencyMs: 1, reason: "nothing listens" } }, "nothing listens"],
    ["cannot be asked", { probe: null }, "says where its node answers"],
  ] as const)("waits while its node %s, and is given up when its time is over", (_, fields, says) => {
    expect(judgeReadiness(factsOf(fields))).toMatchObject({ verdict: "waits", reason: expect.stringContaining(says) });
    expect(judgeReadiness(factsOf({ ...fields, nowMs: 60_001 }))).toMatchObject({ verdict: "abandoned", reason: expect.stringContaining(says) });
  });

  it("is never given up while no node of the fleet answers: that is not its fault", () => {
    expect(judgeReadiness(factsOf({ fleet: null, nowMs: 1e9 })).verdict).toBe("waits");
  });

  it("never serves from further behind than is allowed, however long it has waited", () => {
    fc.assert(
      fc.property(fc.nat(200), fc.nat(20), fc.nat(1e6), (height, lagBlocksMax, nowMs) => {
        const { verdict } = judgeReadiness(factsOf({ probe: headAt(height), lagBlocksMax, nowMs }));
        expect(verdict === "serves").toBe(101 - height <= lagBlocksMax);
      }),
    );
  });
});
