/** What is read again is what was longest not proven, and over the runs that is everything. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { chooseSample } from "../../../../core/backup/geographically-distributed-backup/sample.ts";

const objects = Array.from({ length: 20 }, (_, number) => ({ key: `packs/n1/${number}`, sizeBytes: 1, digest: `d${number}` }));

describe("a sample", () => {
  it("leaves nothing out that was proven longer ago than what it takes", () => {
    fc.assert(
      fc.property(fc.array(fc.nat({ max: 5 }), { minLength: 20, maxLength: 20 }), fc.nat({ max: 25 }), fc.nat(), (ages, count, draw) => {
        const provenAtMs = new Map(objects.flatMap(({ digest }, at) => (ages[at] === 0 ? [] : [[digest, ages[at] as number] as const])));
        const taken = chooseSample(objects, provenAtMs, count, draw);
        expect(taken.length).toBe(Math.min(count, objects.length));
        const atMs = ({ digest }: { digest: string }) => provenAtMs.get(digest) ?? 0;
        const newestTaken = Math.max(0, ...taken.map(atMs));
        for (const object of objects) if (!taken.includes(object)) expect(atMs(object)).toBeGreaterThanOrEqual(newestTaken);
      }),
    );
  });

  it("comes to everything in time, though nobody writes down what was read", () => {
    const seen = new Set(
      Array.from({ length: 200 }, (_, run) => chooseSample(objects, new Map(), 2, run)).flatMap((taken) => taken.map(({ key }) => key)),
    );
    expect(seen.size).toBe(objects.length);
  });
});
