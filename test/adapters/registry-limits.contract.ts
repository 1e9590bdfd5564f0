/** What every registry refuses, forgets and bounds, whatever holds it; the other half of `registry.contract.ts`. */
import { beforeAll, describe, expect, it } from "vitest";
import { InputInvalid, RegistryCorrupt } from "../../core/kernel/errors.ts";
import { eventOf, journalOf, standingOf, windowOf } from "../support/record-samples.ts";
import type { RegistryUnderTest } from "./registry.contract.ts";

const DAY_MS = 86_400_000;

export function describeRegistryLimits(title: string, open: () => Promise<RegistryUnderTest>): void {
  describe(title, () => {
    let world: RegistryUnderTest;
    let serial = 0;
    /** Each test works under a prefix of its own: the store outlives the test. */
    const place = () => `l${(serial++).toString().padStart(6, "0")}/`;
    beforeAll(async () => {
      world = await open();
    });

    it("says what is wrong with a stored body that it cannot read, in a read and in a listing, and leaves it", async () => {
      const prefix = place();
      await world.corrupt("standing", `${prefix}bad`);
      await expect(world.registry.read("standing", `${prefix}bad`)).rejects.toThrow(RegistryCorrupt);
      await expect(world.registry.read("standing", `${prefix}bad`)).rejects.toThrow(/reason/);
      await expect(world.registry.list("standing", { prefix, limit: 5 })).rejects.toThrow(RegistryCorrupt);
    });

    it.each([
      ["a number above 2^53", { a: 2 ** 60 }],
      ["a number that is none", { a: Number.NaN }],
      ["a number too small to keep", { a: 1e-200 }],
      ["a big integer", { a: 1n }],
      ["an empty name", { "": 1 }],
      ["a body of more than 396 KiB", { a: "x".repeat(400 * 1_024) }],
      ["a body that nests too deep", { a: Array.from({ length: 40 }).reduce((inner) => [inner], 1) }],
    ])("refuses %s with a sentence and writes nothing", async (_, facts) => {
      const key = `${place()}odd`;
      await expect(world.registry.write("journal", key, journalOf(facts), "any")).rejects.toThrow(InputInvalid);
      expect(await world.registry.read("journal", key)).toEqual({ kind: "absent" });
    });

    it("keeps the largest body that it does not refuse", async () => {
      const key = `${place()}large`;
      const text = "é".repeat((395 * 1_024) / 2);
      expect(await world.registry.write("journal", key, journalOf({}, text), "any")).toMatchObject({ kind: "written" });
      expect(await world.registry.read("journal", key)).toMatchObject({ value: { text } });
    });

    it("lists all of many large cells, more than one answer of the store can hold", async () => {
      const prefix = place();
      for (let index = 0; index < 9; index += 1)
        await world.registry.write("journal", `${prefix}${index}`, journalOf({}, "x".repeat(390 * 1_024)), "any");
      const listed = await world.registry.list("journal", { prefix, limit: 100 });
      expect(listed.map((item) => item.key)).toEqual(Array.from({ length: 9 }, (_, index) => `${prefix}${index}`));
    });

    it.each(["", "\n", "é", "x".repeat(1_025)])("refuses the key %j", async (key) => {
      await expect(world.registry.read("standing", key)).rejects.toThrow(InputInvalid);
    });

    it.each([0, 1_001, 1.5])("refuses a listing of %d items", async (limit) => {
      await expect(world.registry.list("standing", { limit })).rejects.toThrow(InputInvalid);
    });

    it("forgets windows after a day and events after a fortnight, before the store deletes them", async () => {
      const key = `${place()}fading`;
      const bornMs = 1_700_000_000_000;
      world.clock.set(bornMs);
      await world.registry.write("window", key, windowOf({ a: 1 }), "absent");
      await world.registry.write("event", key, eventOf("12345678"), "absent");
      await world.registry.write("standing", key, standingOf("kept for ever"), "absent");
      world.clock.set(bornMs + DAY_MS - 1_000);
      expect(await world.registry.read("window", key)).toMatchObject({ kind: "found" });
      world.clock.set(bornMs + DAY_MS);
      expect(await world.registry.read("window", key)).toEqual({ kind: "absent" });
      expect(await world.registry.list("window", { prefix: key, limit: 5 })).toEqual([]);
      expect(await world.registry.read("event", key)).toMatchObject({ kind: "found" });
      world.clock.set(bornMs + 14 * DAY_MS);
      expect(await world.registry.read("event", key)).toEqual({ kind: "absent" });
      expect(await world.registry.read("standing", key)).toMatchObject({ kind: "found" });
    });

    it("takes an expired cell that is still stored for absent when it is written, and its revision for none", async () => {
      const key = `${place()}expired`;
      const bornMs = 1_800_000_000_000;
      world.clock.set(bornMs);
      const old = await world.registry.write("window", key, windowOf({ a: 1 }), "absent");
      world.clock.set(bornMs + 2 * DAY_MS);
      expect(await world.registry.write("window", key, windowOf({ a: 2 }), old.kind === "written" ? old.revision : 0)).toEqual({ kind: "conflict" });
      expect(await world.registry.write("window", key, windowOf({ a: 3 }), "absent")).toMatchObject({ kind: "written" });
    });
  });
}
