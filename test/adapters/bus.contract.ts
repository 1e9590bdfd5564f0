/** What every bus keeps: an event arrives complete, in its published shape, or the publisher hears why not. */
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { InputInvalid } from "../../core/kernel/errors.ts";
import { EVENTS } from "../../core/kernel/events.ts";
import { VERDICTS } from "../../core/kernel/node.ts";
import type { Bus } from "../../core/kernel/ports.ts";
import { HOME, N1, PRIMARY } from "../support/record-samples.ts";

export type BusUnderTest = {
  bus: Bus;
  /** The next event as a subscriber gets it. */
  next(): Promise<{ name: string; detail: unknown }>;
};
/** The clock of the buses under test stands here. */
export const AT_MS = 1_700_000_000_000;

export function describeBus(title: string, open: () => Promise<BusUnderTest>): void {
  describe(title, () => {
    let world: BusUnderTest;
    beforeAll(async () => {
      world = await open();
    });

    it("delivers what was said with its head filled in, in the published shape, under an id of its own", async () => {
      const ids = new Set<string>();
      const runs = 10;
      await fc.assert(
        fc.asyncProperty(fc.constantFrom(...VERDICTS), fc.string({ maxLength: 200 }), async (to, reason) => {
          const said = { observer: HOME, node: N1, from: null, to, reason };
          await world.bus.publish("failover.verdict-changed", said);
          const { name, detail } = await world.next();
          expect(name).toBe("failover.verdict-changed");
          const parsed = EVENTS["failover.verdict-changed"].parse(detail);
          expect(parsed).toEqual({ ...said, schema: 1, id: parsed.id, fleet: "rehearsal", atMs: AT_MS, region: "us-east-1" });
          ids.add(parsed.id);
        }),
        { numRuns: runs, endOnFailure: true },
      );
      expect(ids.size).toBe(runs);
    });

    it("refuses what is not in the event's shape, names the field, and delivers nothing", async () => {
      const wrong = { observer: HOME, node: N1, from: null, to: "tired", reason: "x" } as never;
      await expect(world.bus.publish("failover.verdict-changed", wrong)).rejects.toThrow(InputInvalid);
      await expect(world.bus.publish("failover.verdict-changed", wrong)).rejects.toThrow(/failover\.verdict-changed.*to:/);
      await world.bus.publish("failover.mode-changed", { role: PRIMARY, mode: "auto", setBy: "ann" });
      expect(await world.next()).toMatchObject({ name: "failover.mode-changed" });
    });

    it("refuses an event that the bus could not carry", async () => {
      const reason = "x".repeat(256 * 1_024);
      await expect(world.bus.publish("failover.node-readmitted", { node: N1, reason })).rejects.toThrow(/at most 261120/);
    });

    it("delivers an event that just fits", async () => {
      const reason = "x".repeat(254 * 1_024);
      await world.bus.publish("failover.node-readmitted", { node: N1, reason });
      expect(await world.next()).toMatchObject({ detail: { reason } });
    });
  });
}
