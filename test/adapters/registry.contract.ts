/**
 * What every registry keeps, whatever holds it. Run on the memory fake and on DynamoDB's API; a line that holds on one and
 * not on the other is a bug in one of them.
 */
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { updateRecord } from "../../core/kernel/compare-and-set.ts";
import { RegistryConflict } from "../../core/kernel/errors.ts";
import type { Clock, Registry } from "../../core/kernel/ports.ts";
import type { RecordKind } from "../../core/kernel/records.ts";
import { journalOf, ledgerOf, standingOf } from "../support/record-samples.ts";

export type RegistryUnderTest = {
  registry: Registry;
  /** A second process at the same tables. */
  other: Registry;
  clock: Clock & { set(wallMs: number): void };
  /** Puts a body that no version of ours wrote into the cell. */
  corrupt(kind: RecordKind, key: string): Promise<void>;
};

const RUNS = { numRuns: 15 };
const Key = fc.stringMatching(/^[ -~]{1,20}$/);
const KeySet = fc.uniqueArray(Key, { minLength: 1, maxLength: 12 });
/** Free-form facts as far as JSON goes, within what numbers may be; a field named `__proto__` no parser of ours lets in. */
const Facts = fc.dictionary(
  fc.oneof(fc.stringMatching(/^[a-zA-Z]{1,12}$/), fc.constantFrom("constructor", "toString", "S", "N", "length")),
  fc
    .jsonValue({ maxDepth: 4 })
    .filter((value) => !/e[+-]\d{2,}|\d{16,}/.test(JSON.stringify(value)) && !/"(__proto__)?":/.test(JSON.stringify(value))),
);

export function describeRegistry(title: string, open: () => Promise<RegistryUnderTest>): void {
  describe(title, () => {
    let world: RegistryUnderTest;
    let serial = 0;
    /** Each run of a property works under a prefix of its own: the store outlives the run. */
    const place = () => `p${(serial++).toString().padStart(6, "0")}/`;
    beforeAll(async () => {
      world = await open();
    });

    it("gives back exactly what was written, with the revision that the write named, from any process", async () => {
      await fc.assert(
        fc.asyncProperty(Key, Facts, async (name, facts) => {
          const key = place() + name;
          const written = await world.registry.write("journal", key, journalOf(facts), "absent");
          expect(written.kind).toBe("written");
          const found = await world.other.read("journal", key);
          expect(found).toEqual({
            kind: "found",
            value: JSON.parse(JSON.stringify(journalOf(facts))),
            revision: written.kind === "written" && written.revision,
          });
        }),
        RUNS,
      );
    });

    it("lists keys in byte order, after and before any given key, whatever the limit", async () => {
      await fc.assert(
        fc.asyncProperty(
          KeySet,
          Key,
          fc.integer({ min: 1, max: 15 }),
          fc.boolean(),
          fc.boolean(),
          async (names, pivot, limit, newestFirst, fromPivot) => {
            const prefix = place();
            for (const name of names) await world.registry.write("standing", prefix + name, standingOf(name), "any");
            const after = fromPivot ? prefix + pivot : undefined;
            const kept = names
              .map((name) => prefix + name)
              .filter((key) => after === undefined || (newestFirst ? key < after : key > after))
              .sort();
            if (newestFirst) kept.reverse();
            const listed = await world.registry.list("standing", { prefix, limit, newestFirst, ...(after === undefined ? {} : { after }) });
            expect(listed.map((item) => item.key)).toEqual(kept.slice(0, limit));
            expect(listed.every((item) => item.value.reason === item.key.slice(prefix.length))).toBe(true);
          },
        ),
        RUNS,
      );
    });

    it("walks a kind page by page without missing or repeating a key, in both directions", async () => {
      const prefix = place();
      const keys = Array.from({ length: 23 }, (_, index) => `${prefix}${String(index).padStart(3, "0")}`);
      for (const key of keys) await world.registry.write("standing", key, standingOf(key), "any");
      for (const newestFirst of [false, true]) {
        const walked: string[] = [];
        for (let after: string | undefined; walked.length < 100; after = walked.at(-1)) {
          const page = await world.registry.list("standing", { prefix, limit: 5, newestFirst, ...(after === undefined ? {} : { after }) });
          if (page.length === 0) break;
          walked.push(...page.map((item) => item.key));
        }
        expect(walked).toEqual(newestFirst ? keys.toReversed() : keys);
      }
    });

    it("lets exactly one of 50 concurrent writers with one revision win", async () => {
      const key = `${place()}raced`;
      const first = await world.registry.write("standing", key, standingOf("first"), "absent");
      if (first.kind !== "written") throw new Error("the cell was not new");
      const outcomes = await Promise.all(
        Array.from({ length: 50 }, (_, index) =>
          (index % 2 === 0 ? world.registry : world.other).write("standing", key, standingOf(`writer ${index}`), first.revision),
        ),
      );
      const winners = outcomes.flatMap((outcome, index) => (outcome.kind === "written" ? [{ index, revision: outcome.revision }] : []));
      expect(winners).toHaveLength(1);
      const found = await world.registry.read("standing", key);
      expect(found).toMatchObject({ kind: "found", revision: winners[0]?.revision, value: { reason: `writer ${winners[0]?.index}` } });
    });

    it("lets exactly one of 50 concurrent writers make a cell that was absent", async () => {
      const key = `${place()}new`;
      const outcomes = await Promise.all(
        Array.from({ length: 50 }, (_, index) => world.registry.write("standing", key, standingOf(`${index}`), "absent")),
      );
      expect(outcomes.filter((outcome) => outcome.kind === "written")).toHaveLength(1);
    });

    it("loses no update of 8 processes that add to one cell", async () => {
      const key = `${place()}ledger`;
      const add = (registry: Registry) =>
        updateRecord(registry, "failovers", key, (current) => ({ kind: "write", next: ledgerOf((current?.recent.length ?? 0) + 1) }), 100);
      await Promise.all(Array.from({ length: 8 }, (_, index) => add(index % 2 === 0 ? world.registry : world.other)));
      expect(await world.registry.read("failovers", key)).toMatchObject({ value: ledgerOf(8) });
    });

    it("tells a cell that is always overtaken as RegistryConflict and writes nothing", async () => {
      const key = `${place()}overtaken`;
      let rounds = 0;
      const overtaken: Pick<Registry, "read" | "write"> = {
        read: world.registry.read,
        write: async (kind, name, value, expected) => {
          await world.other.write("standing", key, standingOf(`overtaker ${rounds++}`), "any");
          return world.registry.write(kind, name, value, expected);
        },
      };
      const update = updateRecord(overtaken, "standing", key, () => ({ kind: "write", next: standingOf("mine") }), 3);
      await expect(update).rejects.toThrow(RegistryConflict);
      expect(await world.registry.read("standing", key)).toMatchObject({ value: { reason: "overtaker 2" } });
    });

    it("refuses a revision from before the cell was removed and made again", async () => {
      const key = `${place()}again`;
      const before = await world.registry.write("standing", key, standingOf("before"), "absent");
      await world.registry.remove("standing", key);
      expect(await world.registry.read("standing", key)).toEqual({ kind: "absent" });
      await world.registry.write("standing", key, standingOf("after"), "absent");
      expect(await world.registry.write("standing", key, standingOf("late"), before.kind === "written" ? before.revision : 0)).toEqual({
        kind: "conflict",
      });
    });

    it("does not create a cell for a writer that expects a revision, nor one for a reader", async () => {
      const key = `${place()}none`;
      expect(await world.registry.write("standing", key, standingOf("x"), 7)).toEqual({ kind: "conflict" });
      expect(await world.registry.read("standing", key)).toEqual({ kind: "absent" });
    });

    it("keeps kinds apart that use the same key", async () => {
      const key = `${place()}same`;
      await world.registry.write("standing", key, standingOf("x"), "absent");
      expect(await world.registry.read("journal", key)).toEqual({ kind: "absent" });
    });
  });
}
