/** The set says of every id whether it was added, however many there are. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { IdSet } from "../../../../core/backup/vault/id-set.ts";
import { noise } from "../../../support/noise.ts";

describe("a set of ids", () => {
  it("is a set", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 60 }), { maxLength: 200 }), (seeds) => {
        const ids = new IdSet();
        const model = new Set<number>();
        for (const seed of seeds) {
          expect(ids.add(noise(seed, 32))).toBe(!model.has(seed));
          model.add(seed);
        }
        expect(ids.size).toBe(model.size);
        for (let seed = 0; seed <= 60; seed += 1) expect(ids.numberOf(noise(seed, 32)) !== null).toBe(model.has(seed));
      }),
    );
  });

  it("grows beyond its first size and loses nothing", () => {
    const ids = new IdSet();
    const added = Array.from({ length: 9_000 }, (_, index) => noise(`grow ${index}`, 32));
    expect(added.every((id) => ids.add(id))).toBe(true);
    expect(added.some((id) => ids.add(id))).toBe(false);
    expect(added.every((id, index) => ids.numberOf(id) === index)).toBe(true);
  });
});
