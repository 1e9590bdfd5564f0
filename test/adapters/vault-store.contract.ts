/**
 * What every vault's store keeps, whatever holds its objects. Run on memory, a folder and S3's API; a line that holds on one and
 * not on another is a bug in one of them.
 */
import { randomBytes } from "node:crypto";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { VaultObjectTooLarge } from "../../core/kernel/errors.ts";
import type { VaultStore } from "../../core/kernel/ports.ts";

export type VaultUnderTest = {
  readonly store: VaultStore;
  /** A second process at the same objects. */
  readonly other: VaultStore;
};

const MIB = 1024 * 1024;
const RUNS = { numRuns: 15 };
const WRITERS = 12;
const Part = fc.stringMatching(/^[a-z0-9_-][a-z0-9._-]{0,11}$/);
const Key = fc.array(Part, { minLength: 1, maxLength: 3 }).map((parts) => parts.join("/"));
const Bytes = fc.uint8Array({ maxLength: 300 });
/** No key is another's folder: that is the one thing a folder cannot hold, and no key of the format's is. */
const KeySet = fc
  .uniqueArray(Key, { minLength: 1, maxLength: 14 })
  .map((keys) => keys.filter((key) => !keys.some((other) => other !== key && other.startsWith(`${key}/`))));

export function describeVaultStore(title: string, open: () => Promise<VaultUnderTest>): void {
  describe(title, () => {
    let store: VaultStore;
    let other: VaultStore;
    let serial = 0;
    /** Each run of a property works below a folder of its own: the store outlives the run. */
    const place = () => `p${(serial++).toString().padStart(6, "0")}/`;
    beforeAll(async () => {
      ({ store, other } = await open());
    });

    it("gives back exactly what was put, from any process", async () => {
      await fc.assert(
        fc.asyncProperty(Key, Bytes, async (name, bytes) => {
          const key = place() + name;
          expect(await store.put(key, bytes)).toEqual({ kind: "written" });
          expect(await other.get(key, { bytesMax: 300 })).toEqual({ kind: "found", bytes: Buffer.from(bytes) });
        }),
        RUNS,
      );
    });

    it("never changes what is there: a second put says so and leaves it", async () => {
      const key = `${place()}one`;
      await store.put(key, Buffer.from("first"));
      expect(await other.put(key, Buffer.from("second"))).toEqual({ kind: "exists" });
      expect(await store.get(key, { bytesMax: 10 })).toEqual({ kind: "found", bytes: Buffer.from("first") });
    });

    it("tells exactly one of several writers of a key that it wrote, and keeps that one's bytes whole", async () => {
      const key = `${place()}contested`;
      const offers = Array.from({ length: WRITERS }, (_, index) => Buffer.alloc(50_000, index));
      const answers = await Promise.all(offers.map((bytes, index) => (index % 2 === 0 ? store : other).put(key, bytes)));
      const winners = offers.filter((_, index) => answers[index]?.kind === "written");
      expect(winners).toHaveLength(1);
      expect(await store.get(key, { bytesMax: 50_000 })).toEqual({ kind: "found", bytes: winners[0] });
    });

    it("gives any range of an object, cut off at its end", async () => {
      const key = `${place()}ranges`;
      const whole = randomBytes(1_000);
      await store.put(key, whole);
      const Offset = fc.integer({ min: 0, max: 1_200 });
      await fc.assert(
        fc.asyncProperty(Offset, Offset, async (offset, length) => {
          expect(await store.get(key, { bytesMax: 1_000, range: { offset, length } })).toEqual({
            kind: "found",
            bytes: Buffer.from(whole.subarray(offset, offset + length)),
          });
        }),
        {
          numRuns: 30,
          examples: [
            [0, 0],
            [999, 1],
            [1_000, 1],
            [1_200, 0],
            [0, 1_000],
          ],
        },
      );
    });

    it("gives no bytes of an empty object, whole or in part", async () => {
      const key = `${place()}empty`;
      await store.put(key, Buffer.alloc(0));
      const empty = { kind: "found", bytes: Buffer.alloc(0) };
      expect(await store.get(key, { bytesMax: 0 })).toEqual(empty);
      expect(await store.get(key, { bytesMax: 10, range: { offset: 0, length: 10 } })).toEqual(empty);
    });

    it("carries an object of 20 MiB whole and in part", async () => {
      const key = `${place()}large`;
      const whole = randomBytes(20 * MIB);
      await store.put(key, whole);
      const found = await other.get(key, { bytesMax: whole.length });
      expect(found.kind === "found" && found.bytes.equals(whole)).toBe(true);
      const part = await other.get(key, { bytesMax: MIB, range: { offset: 19 * MIB, length: MIB } });
      expect(part.kind === "found" && part.bytes.equals(whole.subarray(19 * MIB))).toBe(true);
    });

    it("calls absent what was never put, whatever part of it is asked for", async () => {
      const key = `${place()}never`;
      for (const range of [undefined, { offset: 0, length: 0 }, { offset: 5, length: 5 }]) {
        expect(await store.get(key, { bytesMax: 10, ...(range === undefined ? {} : { range }) })).toEqual({ kind: "absent" });
      }
    });

    it("refuses more than it was allowed to read, and measures the part that was asked for", async () => {
      const key = `${place()}big`;
      await store.put(key, Buffer.alloc(100));
      await expect(store.get(key, { bytesMax: 99 })).rejects.toThrow(VaultObjectTooLarge);
      await expect(store.get(key, { bytesMax: 9, range: { offset: 0, length: 10 } })).rejects.toThrow(VaultObjectTooLarge);
      expect(await store.get(key, { bytesMax: 9, range: { offset: 95, length: 10 } })).toMatchObject({ kind: "found" });
    });

    it("lists keys in byte order below any prefix, after any key, whatever the limit", async () => {
      await fc.assert(
        fc.asyncProperty(KeySet, Key, fc.integer({ min: 1, max: 15 }), fc.boolean(), Part, async (names, pivot, limit, fromPivot, part) => {
          const at = place();
          for (const name of names) await store.put(at + name, Buffer.from(name));
          const after = fromPivot ? at + pivot : undefined;
          for (const prefix of [at, at + part.slice(0, 1)]) {
            const wanted = names
              .map((name) => at + name)
              .filter((key) => key.startsWith(prefix) && (after === undefined || key > after))
              .sort();
            const listed = await other.list(prefix, { limit, ...(after === undefined ? {} : { after }) });
            expect(listed.map(({ key }) => key)).toEqual(wanted.slice(0, limit));
            expect(listed.every(({ key, sizeBytes }) => sizeBytes === key.length - at.length)).toBe(true);
          }
        }),
        RUNS,
      );
    });

    it("is walked from end to end by following the last key, missing and repeating none", async () => {
      const at = place();
      const names = Array.from({ length: 23 }, (_, index) => `${at}${index % 3}/${String(index).padStart(3, "0")}`);
      await Promise.all(names.map((key) => store.put(key, Buffer.from("x"))));
      const walked: string[] = [];
      for (let after: string | undefined; ; after = walked.at(-1)) {
        const page = await store.list(at, { limit: 4, ...(after === undefined ? {} : { after }) });
        walked.push(...page.map(({ key }) => key));
        if (page.length < 4) break;
      }
      expect(walked).toEqual(names.toSorted());
    });

    it("removes, as often as asked, and then takes the key again", async () => {
      const key = `${place()}gone`;
      await store.put(key, Buffer.from("old"));
      await store.remove(key);
      await other.remove(key);
      expect(await store.get(key, { bytesMax: 10 })).toEqual({ kind: "absent" });
      expect(await store.list(key, { limit: 1 })).toEqual([]);
      expect(await store.put(key, Buffer.from("new"))).toEqual({ kind: "written" });
      expect(await other.get(key, { bytesMax: 10 })).toEqual({ kind: "found", bytes: Buffer.from("new") });
    });

    it("refuses keys that lead elsewhere and limits that are none, before it asks anybody", async () => {
      for (const key of ["", "/a", "a/", "a//b", "../a", "a/../b", ".hidden", "A", "a b", "ä", "a".repeat(513)]) {
        await expect(store.put(key, Buffer.alloc(1)), key).rejects.toThrow(RangeError);
        await expect(store.get(key, { bytesMax: 1 }), key).rejects.toThrow(RangeError);
        await expect(store.remove(key), key).rejects.toThrow(RangeError);
      }
      for (const limit of [0, -1, 1.5, 1_001, Number.NaN]) await expect(store.list("", { limit })).rejects.toThrow(RangeError);
    });

    it("does nothing for whoever has given up already, and says why in that one's words", async () => {
      const key = `${place()}given-up`;
      const signal = AbortSignal.abort(new Error("the backup was cancelled"));
      await expect(store.put(key, Buffer.alloc(1), { signal })).rejects.toThrow("the backup was cancelled");
      await expect(store.get(key, { bytesMax: 1, signal })).rejects.toThrow("the backup was cancelled");
      await expect(store.list(key, { limit: 1, signal })).rejects.toThrow("the backup was cancelled");
      expect(await store.get(key, { bytesMax: 1 })).toEqual({ kind: "absent" });
    });
  });
}
