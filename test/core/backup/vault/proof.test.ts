/** Verification costs what is new and a share of what is old, and nothing stays unproven for longer than the period. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { planVerification } from "../../../../core/backup/vault/proof.ts";

const DAY_MS = 86_400_000;
const plan = { periodMs: 30 * DAY_MS, everyMs: DAY_MS };

describe("the plan of a verification", () => {
  it("opens everything that was never opened", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 50 }), fc.integer({ min: 0, max: 50 }), (old, fresh) => {
        const packs = Array.from({ length: old + fresh }, (_, index) => ({ name: `${index}`, sizeBytes: 16 }));
        const provenAtMs = new Map(packs.slice(0, old).map(({ name }) => [name, 0]));
        const planned = planVerification({ ...plan, packs, provenAtMs, nowMs: DAY_MS });
        expect(planned.neverProven).toBe(fresh);
        for (const { name } of packs.slice(old)) expect(planned.packs).toContain(name);
      }),
    );
  });

  it("leaves no proof to grow older than the period, at the cost of a thirtieth of the old a day", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 32 }), { minLength: 100, maxLength: 200 }), (sizes) => {
        const packs = sizes.map((sizeBytes, index) => ({ name: `${index}`, sizeBytes }));
        const total = sizes.reduce((sum, size) => sum + size, 0);
        const provenAtMs = new Map<string, number>();
        for (let day = 0; day < 100; day += 1) {
          const nowMs = day * DAY_MS;
          const planned = planVerification({ ...plan, packs, provenAtMs, nowMs });
          if (day > 0) expect(planned.bytes).toBeLessThanOrEqual(total / 30 + 2 * 32);
          for (const name of planned.packs) provenAtMs.set(name, nowMs);
          for (const atMs of provenAtMs.values()) expect(nowMs + DAY_MS - atMs).toBeLessThanOrEqual(plan.periodMs);
        }
      }),
      { numRuns: 30 },
    );
  });
});
