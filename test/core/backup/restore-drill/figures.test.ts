/** What a drill proves is never less than nothing, and is counted from where it says. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { figuresOf, type Measured } from "../../../../core/backup/restore-drill/figures.ts";
import { Drill } from "../../../../core/kernel/backup-source.ts";

const ms = fc.integer({ min: 0, max: 10_000_000 });
const head = fc.record({ height: fc.nat(1_000_000), timestampS: fc.nat(2_000_000_000) });
const anyMeasured: fc.Arbitrary<Measured> = fc.record({
  startedAtMs: ms,
  restoreMs: ms,
  restoredBytes: fc.nat(),
  bootedAtMs: ms,
  bootMs: ms,
  caughtUpAtMs: ms,
  bootedHead: head,
  caughtUpHeight: fc.nat(1_000_000),
  networkHead: head,
});

describe("a drill's figures", () => {
  it("are none of them negative, and have the shape that is kept, whichever clock went back meanwhile", () => {
    fc.assert(
      fc.property(anyMeasured, (measured) => {
        const figures = figuresOf(measured);
        for (const figure of Object.values(figures)) if (figure !== null) expect(figure).toBeGreaterThanOrEqual(0);
        expect(Drill.shape.figures.parse(figures)).toEqual(figures);
      }),
    );
  });

  it("count the loss to the network's head at the begin, and the time from the begin to the node that has caught up", () => {
    const measured: Measured = {
      startedAtMs: 1_000,
      restoreMs: 2_000,
      restoredBytes: 1_000_000,
      bootedAtMs: 5_000,
      bootMs: 1_500,
      caughtUpAtMs: 9_000,
      bootedHead: { height: 90, timestampS: 70 },
      caughtUpHeight: 102,
      networkHead: { height: 100, timestampS: 100 },
    };
    expect(figuresOf(measured)).toEqual({
      rpoSeconds: 30,
      rpoBlocks: 10,
      rtoMs: 8_000,
      restoreMs: 2_000,
      bootMs: 1_500,
      catchUpMs: 4_000,
      restoredBytes: 1_000_000,
      restoredBytesPerSecond: 500_000,
      caughtUpBlocks: 12,
      caughtUpBlocksPerSecond: 3,
    });
  });

  it("name no pace where no time passed", () => {
    const still = { startedAtMs: 0, restoreMs: 0, restoredBytes: 9, bootedAtMs: 0, bootMs: 0, caughtUpAtMs: 0, caughtUpHeight: 0 };
    const block = { height: 0, timestampS: 0 };
    expect(figuresOf({ ...still, bootedHead: block, networkHead: block })).toMatchObject({
      restoredBytesPerSecond: 0,
      caughtUpBlocksPerSecond: null,
    });
  });
});
